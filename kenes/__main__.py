"""The `kenes` command; each subcommand is imported only when it is asked for."""

import os
from importlib import import_module

import click

from kenes import __version__

COMMANDS = {
    "audit": ("kenes.commands.audit", "audit"),
    "backup": ("kenes.commands.backup", "backup"),
    "correct": ("kenes.commands.correct", "correct"),
    "demo": ("kenes.commands.demo", "demo"),
    "doctor": ("kenes.commands.doctor", "doctor"),
    "grant": ("kenes.commands.roles", "grant"),
    "held": ("kenes.commands.backup", "held"),
    "import": ("kenes.commands.importing", "import_file"),
    "invite": ("kenes.commands.invite", "invite"),
    "restore": ("kenes.commands.backup", "restore"),
    "revoke": ("kenes.commands.roles", "revoke"),
    "run": ("kenes.commands.run", "run"),
    "undo": ("kenes.commands.importing", "undo"),
}


class Commands(click.Group):
    """A group that knows its commands' names and imports the one that is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names in order."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import and return a command, or None when there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name]
        command = getattr(import_module(module), name)
        if not isinstance(command, click.Command):
            raise TypeError(f"{module}.{name} is no command")
        return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="kenes")
@click.pass_context
def main(context: click.Context) -> None:
    """Kenes: a Telegram bot for students and student government of Kazakh universities."""
    before = os.umask(0o077)  # whatever a command writes holds what is nobody else's business
    context.call_on_close(lambda: os.umask(before))


if __name__ == "__main__":
    main()
