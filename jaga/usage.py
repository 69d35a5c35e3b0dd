"""What is wrong with a command line, in the reader's language: typer says it in English alone."""

from typing import Any, cast

import typer

from contract.texts import Language, text

UsageError = cast(type[Exception], typer.BadParameter.__base__)
"""Base of what a command line can be refused for; typer gives it no public name, and some of its children none at all,
so that they are told by the names of their classes."""


def usage(error: Exception, language: Language) -> str:
    """One line; "" where the help was asked for and is printed already. The detail of what is rare is typer's own."""
    known = cast(Any, error)
    match type(error).__name__:
        case "NoArgsIsHelpError":
            return ""
        case "MissingParameter":
            said = text("cli.usage.missing", language, what=known.param.get_error_hint())
        case "BadParameter":
            said = text("cli.usage.value", language, what=known.param.get_error_hint(), detail=known.message)
        case "NoSuchOption":
            near = known.possibilities
            said = text("cli.usage.option", language, name=known.option_name)
            said += text("cli.usage.near", language, names=", ".join(sorted(near))) if near else ""
        case _:
            said = text("cli.usage.other", language, detail=known.format_message().removesuffix("."))
    command = known.ctx.command_path if known.ctx else "jaga"
    return text("cli.usage.see", language, said=said, command=command)
