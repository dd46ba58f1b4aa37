"""How the tables came to be what they are, step by step (Alembic); there is no way down but a backup."""
