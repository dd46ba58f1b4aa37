"""What outlives a process: tables, migrations, repositories."""
