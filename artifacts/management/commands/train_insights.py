"""`manage.py train_insights`: learn which material will be used, and say how well."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from artifacts.insights.model import SHIPPED
from artifacts.insights.training import TooLittleData, train_own, train_simulated


class Command(BaseCommand):
    help = "Train the model behind /api/insights, and write its weights."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--own-data",
            action="store_true",
            help="learn from this installation's material instead of the simulation",
        )
        parser.add_argument(
            "--output",
            type=Path,
            default=SHIPPED,
            help="where the weights go; name it in INSIGHTS_WEIGHTS",
        )

    def handle(self, *args: Any, own_data: bool, output: Path, **options: Any) -> None:
        if own_data and output == SHIPPED:
            raise CommandError("Own weights need a place of their own: --output.")
        try:
            trained = train_own() if own_data else train_simulated()
        except TooLittleData as error:
            raise CommandError(str(error)) from error
        written = output.with_suffix(".tmp")
        written.write_text(json.dumps(trained.as_json(), indent=1) + "\n")
        written.replace(output)
        quality = trained.quality
        self.stdout.write(
            f"{trained.source}: {trained.examples} examples; held out: {quality.examples} of"
            f" {quality.teachers} teachers, AUC {quality.auc:.3f},"
            f" log loss {quality.log_loss:.3f} against {quality.base_log_loss:.3f}"
        )
