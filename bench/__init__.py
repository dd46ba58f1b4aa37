"""What is fast, measured against bare aiogram in the same run."""
