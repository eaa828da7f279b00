"""Fokus: wires the stages into one workbench."""


def main() -> int:
    """Run the console command ``fokus``."""
    raise SystemExit("fokus: being built")
