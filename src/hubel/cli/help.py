"""The help: the same words, boxes and order in both languages and with every version of Typer."""

from __future__ import annotations

import io
import sys
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text
from typer.core import TyperCommand, TyperGroup

from hubel.cli.usage import ParsingError, explain_usage, extra_arguments, unknown_command
from hubel.core.language import say


class HelpfulCommand(TyperCommand):
    """A verb that prints hubel's help."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write usage, purpose, examples, arguments and options."""
        arguments: list[Any] = [param for param in self.params if param.param_type_name == "argument"]
        words = " ".join(["hubel", str(self.name), *(str(param.metavar) for param in arguments)])
        options = say(en="[OPTIONS]", ko="[옵션]")
        parts: list[RenderableType] = [usage_line(f"{words} {options}"), Text(), Text(str(self.help)), Text()]
        parts.extend(Text(f"  {line}", style="cyan", no_wrap=True) for line in str(self.epilog).splitlines())
        parts.append(Text())
        rows = [(Text(str(param.metavar), style="bold cyan"), Text(param.help)) for param in arguments]
        if rows:
            parts.append(box(say(en="What you give", ko="입력"), rows))
        parts.extend(option_boxes(self.get_params(ctx)))
        formatter.write(drawn(parts))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse; what does not fit is said in hubel's words."""
        ctx.allow_extra_args = True
        try:
            rest = super().parse_args(ctx, args)
        except ParsingError as error:
            raise explain_usage(error, ctx) from error
        if ctx.args and not ctx.resilient_parsing:
            raise extra_arguments(ctx.args, ctx)
        return rest


class HelpfulGroup(TyperGroup):
    """All verbs, with hubel's help and the nearest verb for a word that is none."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write purpose, usage, the verbs by purpose, options, and where to begin."""
        usage = say(en="hubel COMMAND [OPTIONS]", ko="hubel 명령 [옵션]")
        parts: list[RenderableType] = [Text(str(self.help), style="bold"), Text(), usage_line(usage), Text()]
        panels: dict[str, list[tuple[Text, Text]]] = {}
        for name in self.list_commands(ctx):
            command: Any = self.get_command(ctx, name)
            first = str(command.help).split("\n", 1)[0]
            panels.setdefault(command.rich_help_panel, []).append((Text(name, style="bold cyan"), Text(first)))
        widest = max(len(name) for name in self.list_commands(ctx))
        parts.extend(box(title, rows, min_width=widest) for title, rows in panels.items())
        parts.extend(option_boxes(self.get_params(ctx)))
        parts.extend([Text(), Text(str(self.epilog))])
        formatter.write(drawn(parts))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse what stands before the verb; nothing at all asks for the help."""
        try:
            return super().parse_args(ctx, args or ["--help"])
        except ParsingError as error:
            raise explain_usage(error, ctx) from error

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The verb that is meant, or what there is instead."""
        if self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            raise unknown_command(args[0], self.list_commands(ctx))
        return super().resolve_command(ctx, args)


def option_boxes(params: list[Any]) -> list[RenderableType]:
    """The options in their boxes, in the order of their first members; --help comes last in the first."""
    usual = say(en="Options", ko="옵션")
    panels: dict[str, list[tuple[Text, Text]]] = {usual: []}
    for param in params:
        if param.param_type_name != "option" or param.hidden:
            continue
        name = Text(", ".join([*param.opts, *param.secondary_opts]), style="bold cyan")
        if param.metavar:
            name.append(f" {param.metavar}", style="not bold yellow")
        words = say(en="Show this help.", ko="이 도움말을 보여 줍니다.") if param.name == "help" else str(param.help)
        panels.setdefault(getattr(param, "rich_help_panel", None) or usual, []).append((name, Text(words)))
    return [box(title, rows) for title, rows in panels.items()]


def usage_line(words: str) -> Text:
    """How the command is written."""
    return Text.assemble((say(en="Usage: ", ko="사용법: "), "yellow"), (words, "bold"))


def box(title: str, rows: list[tuple[Text, Text]], *, min_width: int = 0) -> Panel:
    """Names and what they mean, in a frame."""
    table = Table.grid(padding=(0, 2), expand=True)
    table.add_column(no_wrap=True, min_width=min_width)
    table.add_column(ratio=1, overflow="fold")
    for name, words in rows:
        table.add_row(name, words)
    return Panel(table, title=Text(title), title_align="left", border_style="dim")


def drawn(parts: list[RenderableType]) -> str:
    """The parts as text, with colours where stdout is a terminal that has them."""
    stream = io.StringIO()
    width = Console().width
    console = Console(file=stream, force_terminal=sys.stdout.isatty(), width=width, markup=False, highlight=False)
    console.print(Group(*parts))
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines()) + "\n"
