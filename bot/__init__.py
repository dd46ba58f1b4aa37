"""The conversation: screens, handlers, locales, jobs."""
