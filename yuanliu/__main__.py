"""``python -m yuanliu`` is the command ``yuanliu``."""

from yuanliu.cli import app

app(prog_name="yuanliu")
