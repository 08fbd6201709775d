"""All accuracies that the thesis of Matab prints: its Tables 3, 4, 7 and 8."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import pandas as pd

RUNS = 5
"""Table 3: "averaged over 5 seeds"; Tables 4 and 8 say the same, Table 7 does not say."""

DATASETS = ("cifar-10", "cifar-100", "mnist", "fashion-mnist")

_PRINTED = """
3 1 convnet dense 85.88±0.36 59.68±0.33 99.32±0.11 91.95±0.26
3 1 mlp dense 63.51±0.27 29.57±0.32 97.67±0.1 88.22±0.18
3 1 resnet-50 dense 93.75±0.24 72.41±0.24 99.59±0.02 93.46±0.19
3 1 resnet-56 dense 93.91±0.25 72.71±0.23 99.6±0.02 93.44±0.16
3 1 vgg-16 dense 93.78±0.14 74.63±0.25 99.59±0.03 93.38±0.12
4 0.05 convnet random 77.12±0.30 33.40±18.12 99.17±0.09 90.37±0.33
4 0.05 convnet gradient 63.50±12.93 38.09±0.93 43.81±32.01 69.10±28.81
4 0.05 convnet momentum 74.12±4.85 38.07±1.58 62.14±26.81 89.79±0.21
4 0.05 mlp random 68.08±0.07 37.13±0.27 96.13±0.28 86.26±0.37
4 0.05 mlp gradient 65.83±0.43 34.61±0.22 96.13±0.15 79.50±4.08
4 0.05 mlp momentum 66.25±0.31 35.14±0.36 96.26±0.28 85.64±0.41
4 0.05 resnet-50 random 91.24±0.21 66.48±0.37 99.55±0.06 93.40±0.15
4 0.05 resnet-50 gradient 91.07±0.08 64.84±0.72 99.59±0.06 93.34±0.08
4 0.05 resnet-50 momentum 90.8±0.39 64.58±0.56 99.55±0.07 93.16±0.19
4 0.05 resnet-56 random 91.45±0.18 66.9±0.35 99.59±0.05 93.42±0.14
4 0.05 resnet-56 gradient 91.40±0.13 65.41±0.43 99.55±0.04 93.30±0.20
4 0.05 resnet-56 momentum 91.21±0.26 65.24±0.55 99.55±0.03 93.34±0.25
4 0.05 vgg-16 random 93.07±0.17 72.54±0.15 99.58±0.04 93.49±0.11
4 0.05 vgg-16 gradient 92.95±0.21 72.75±0.45 99.51±0.04 93.50±0.22
4 0.05 vgg-16 momentum 93.06±0.34 72.77±0.44 99.56±0.04 93.29±0.16
7 0.1 convnet random 81.07±0.11 49.94±0.46 99.26±0.10 90.86±0.13
7 0.1 convnet gradient 68.84±15.77 47.74±0.56 51.53±43.63 90.67±0.08
7 0.1 convnet momentum 80.67±0.56 47.97±0.43 71.18±38.08 90.75±0.15
7 0.1 mlp random 68.17±0.33 36.89±0.35 97.14±0.18 87.56±0.29
7 0.1 mlp gradient 66.29±0.13 35.15±0.31 97.15±0.12 86.97±0.52
7 0.1 mlp momentum 66.64±0.30 35.52±0.3 97.14±0.16 87.33±0.07
7 0.1 resnet-50 random 92.15±0.19 69.74±0.20 99.58±0.04 93.57±0.15
7 0.1 resnet-50 gradient 92.06±0.21 68.95±0.32 99.52±0.08 93.48±0.22
7 0.1 resnet-50 momentum 92.02±0.3 68.98±0.33 99.59±0.03 93.57±0.10
7 0.1 resnet-56 random 92.30±0.36 69.99±0.29 99.60±0.05 93.53±0.26
7 0.1 resnet-56 gradient 92.25±0.25 69.51±0.16 99.54±0.05 93.45±0.14
7 0.1 resnet-56 momentum 92.09±0.47 69.24±0.32 99.56±0.05 93.61±0.28
7 0.1 vgg-16 random 93.50±0.11 73.70±0.14 99.52±0.06 93.50±0.11
7 0.1 vgg-16 gradient 93.43±0.20 74.21±0.26 99.56±0.02 93.43±0.08
7 0.1 vgg-16 momentum 93.43±0.08 74.00±0.21 99.52±0.07 93.43±0.08
7 0.2 convnet random 83.84±0.22 54.24±0.31 99.32±0.06 91.23±0.23
7 0.2 convnet gradient 83.47±0.15 53.46±0.06 81.95±35.04 91.23±0.26
7 0.2 convnet momentum 83.77±0.28 53.62±0.31 82.59±36.89 91.37±0.14
7 0.2 mlp random 66.73±0.27 34.54±0.32 97.69±0.10 87.88±0.29
7 0.2 mlp gradient 64.94±0.46 33.37±0.13 97.59±0.16 87.80±0.39
7 0.2 mlp momentum 64.72±0.34 33.98±0.07 97.50±0.14 87.79±0.12
7 0.2 resnet-50 random 92.75±0.17 71.21±0.31 99.55±0.04 93.67±0.23
7 0.2 resnet-50 gradient 92.79±0.23 70.79±0.48 99.56±0.02 93.65±0.17
7 0.2 resnet-50 momentum 92.86±0.29 70.75±0.32 99.60±0.05 93.60±0.26
7 0.2 resnet-56 random 92.82±0.18 70.88±0.44 99.57±0.05 93.60±0.22
7 0.2 resnet-56 gradient 93.08±0.21 70.70±0.45 99.59±0.03 93.52±0.21
7 0.2 resnet-56 momentum 93.04±0.1 70.84±0.48 99.55±0.03 93.56±0.10
7 0.2 vgg-16 random 93.88±0.09 74.61±0.19 99.54±0.02 93.44±0.19
7 0.2 vgg-16 gradient 93.73±0.16 74.64±0.24 99.57±0.09 93.44±0.16
7 0.2 vgg-16 momentum 93.79±0.17 74.90±0.23 99.53±0.05 93.45±0.08
8 0.05 convnet random-gradient 76.98±0.28 33.65±18.27 - 90.34±0.15
8 0.05 convnet random-momentum 77.29±0.47 33.61±18.23 - 90.33±0.22
8 0.05 convnet gradient-random 53.81±13.82 37.81±1.49 - 65.95±27.15
8 0.05 convnet gradient-momentum 56.70±15.84 37.66±1.79 - 66.02±27.22
8 0.05 convnet momentum-random 73.84±3.19 37.44±1.82 - 90.01±0.31
8 0.05 convnet momentum-gradient 74.15±2.99 37.91±0.85 - 89.97±0.36
8 0.05 mlp random-gradient 68.28±0.35 36.94±0.38 - 86.08±0.41
8 0.05 mlp random-momentum 68.10±0.36 37.25±0.27 - 86.26±0.41
8 0.05 mlp gradient-random 65.88±0.18 34.85±0.31 - 79.63±3.53
8 0.05 mlp gradient-momentum 66.00±0.33 34.70±0.18 - 79.63±3.53
8 0.05 mlp momentum-random 65.94±0.38 35.14±0.21 - 85.94±0.42
8 0.05 mlp momentum-gradient 66.18±0.17 35.14±0.28 - 85.96±0.31
8 0.05 resnet-56 random-gradient 91.46±0.21 67.29±0.22 - 93.42±0.07
8 0.05 resnet-56 random-momentum 91.34±0.29 67.09±0.24 - 93.50±0.14
8 0.05 resnet-56 gradient-random 91.02±0.28 65.66±0.74 - 93.22±0.12
8 0.05 resnet-56 gradient-momentum 91.20±0.10 65.24±0.21 - 93.31±0.33
8 0.05 resnet-56 momentum-random 91.22±0.41 65.39±0.55 - 93.18±0.09
8 0.05 resnet-56 momentum-gradient 91.23±0.09 65.58±0.29 - 93.38±0.29
8 0.05 vgg-16 random-gradient 93.09±0.14 72.33±0.32 - 93.40±0.07
8 0.05 vgg-16 random-momentum 93.03±0.18 72.42±0.26 - 93.49±0.04
8 0.05 vgg-16 gradient-random 92.99±0.11 72.75±0.15 - 93.32±0.25
8 0.05 vgg-16 gradient-momentum 93.22±0.19 72.75±0.15 - 93.46±0.08
8 0.05 vgg-16 momentum-random 93.16±0.10 72.81±0.22 - 93.53±0.19
8 0.05 vgg-16 momentum-gradient 93.11±0.11 72.70±0.21 - 93.40±0.18
"""


class Number(NamedTuple):
    """An accuracy of the tables: mean and standard deviation in percent.

    Growth is 'dense', how edges grow, or how they grow in either half of training, such as 'random-gradient'.
    """

    table: int
    density: float
    model: str
    dataset: str
    growth: str
    mean: float
    deviation: float


@cache
def printed_numbers() -> tuple[Number, ...]:
    """All of them, in the order of the tables."""
    return tuple(
        Number(int(table), float(density), model, dataset, growth, *map(float, number.split("±")))
        for table, density, model, growth, *numbers in map(str.split, _PRINTED.strip().splitlines())
        for dataset, number in zip(DATASETS, numbers, strict=True)
        if number != "-"
    )


def published_accuracies() -> pd.DataFrame:
    """A row a number: table, density, model, dataset, growth, mean, deviation; see `Number`."""
    return pd.DataFrame(printed_numbers())
