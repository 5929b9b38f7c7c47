"""The layouts that a file of face coefficients may be turned into."""

from enum import StrEnum


class Target(StrEnum):
    """What a file may become; the number is that of the columns."""

    DEEP3D_257 = "deep3d257"
    DEEP3D_260 = "deep3d260"
    WINDOW_73 = "window73"
    WINDOW_70 = "window70"
    ROWS_73 = "rows73"
    ROWS_70 = "rows70"
    ARKIT_CSV = "arkit-csv"
    PARQUET = "parquet"

    @property
    def num_columns(self) -> int:
        return int("".join(letter for letter in self.value[-3:] if letter.isdigit()))
