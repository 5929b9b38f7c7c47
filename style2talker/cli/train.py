"""`style2talker train style-e|style-a`: hands every option to the trainer, which knows them all."""

import typer

app = typer.Typer(help="Train Style-E (motion) or Style-A (pictures) from a corpus.", no_args_is_help=True)
_PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


@app.command("style-e", context_settings=_PASS_ON)
def style_e(context: typer.Context) -> None:
    """Emotion text and speech to expression coefficients; `style-e --help` lists every option."""
    from training import style_e as trainer

    trainer.run(context.args)


@app.command("style-a", context_settings=_PASS_ON)
def style_a(context: typer.Context) -> None:
    """Expression coefficients and an art picture to frames; `style-a --help` lists every option."""
    from training import style_a as trainer

    trainer.run(context.args)
