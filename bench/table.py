"""A table of what was measured, in Markdown, so that it can be pasted where it is needed."""

from dataclasses import dataclass, field


@dataclass
class Table:
    """A title, a header, rows of cells that are already text."""

    title: str
    header: tuple[str, ...]
    rows: list[tuple[str, ...]] = field(default_factory=list)

    def add(self, *cells: str) -> None:
        """Add a row."""
        self.rows.append(cells)

    def __str__(self) -> str:
        """Return the table as Markdown, its columns aligned."""
        lines = [self.header, tuple("-" * len(cell) for cell in self.header), *self.rows]
        widths = [max(len(line[column]) for line in lines) for column in range(len(self.header))]
        body = (
            "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |"
            for line in lines
        )
        return "\n".join([self.title, "", *body])
