"""A configuration is a TOML file, a dataclass and a set of flags, and says in one line what is wrong with it."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from topokit.errors import ConfigError, TopokitError, UnknownNameError
from topokit.training import TrainConfig
from topokit.training.options import check_value, typed

configs = st.builds(
    TrainConfig,
    method=st.sampled_from(["dense", "static", "set", "rigl", "snfs"]),
    data_folder=st.text(st.characters(exclude_categories=["Cs"])),
    hidden=st.lists(st.integers(1, 2000), max_size=4).map(tuple),
    density=st.floats(0, 1, exclude_min=True),
    learning_rate=st.floats(1e-12, 1e6),
    milestones=st.lists(st.integers(1, 500), max_size=3).map(tuple),
    dense_output=st.booleans(),
    seed=st.integers(0, 2**63 - 1),
)


@given(configs)
def test_toml_and_dict_keep_every_value(config: TrainConfig) -> None:
    assert TrainConfig.from_dict(tomllib.loads(config.to_toml())) == config
    assert TrainConfig.from_dict(config.to_dict()) == config


@given(configs)
def test_command_line_text_keeps_every_value(config: TrainConfig) -> None:
    texts = {
        name: ",".join(map(str, value)) if isinstance(value, list) else str(value)
        for name, value in config.to_dict().items()
    }
    assert TrainConfig().with_text(texts) == config


def test_a_file_with_some_keys_leaves_the_rest_at_their_defaults(tmp_path: Path) -> None:
    path = tmp_path / "run.toml"
    path.write_text("# a comment\nhidden = [300, 100]\nlearning_rate = 1\n")
    config = TrainConfig.from_toml(path)
    assert config == TrainConfig(hidden=(300, 100), learning_rate=1.0)
    assert isinstance(config.learning_rate, float)


@pytest.mark.parametrize("field", dataclasses.fields(TrainConfig), ids=lambda field: field.name)
def test_defaults_are_values_that_may_be_given(field: dataclasses.Field[Any]) -> None:
    check_value(field, field.default)
    value = typed(field.name, field.default, get_type_hints(TrainConfig)[field.name])
    assert (value, type(value)) == (field.default, type(field.default))


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("densty = 0.1", ["unknown key 'densty'", "did you mean 'density'"]),
        ("[xyz]\nseed = 1", ["unknown key 'xyz'", "topokit train --help"]),
        ("zeta = 0.3", ["unknown key 'zeta'", "'rewire_fraction'"]),
        ("profil = 'rigl'", ["unknown key 'profil'", "'profile'"]),
        ("[grid]\nseed = [0, 1]", ["unknown key 'grid'", "topokit sweep"]),
        (f"density = 1{'0' * 400}", ["density has too many digits"]),
        ("density = 0", ["density is 0.0", "(0, 1]"]),
        ("density = 1.01", ["density is 1.01", "(0, 1]"]),
        ("density = nan", ["density is nan"]),
        ("density = '0.1'", ["density is '0.1'", "a number"]),
        ("epochs = true", ["epochs is True", "an integer"]),
        ("epochs = 1.0", ["epochs is 1.0", "an integer"]),
        ("nesterov = 1", ["nesterov is 1", "true or false"]),
        ("hidden = [10, 0]", ["hidden is (10, 0)", "[1, 1e9]"]),
        ("hidden = [10000000000000000000]", ["hidden is (10000000000000000000,)", "[1, 1e9]"]),
        ("epochs = 100000000000000000000", ["epochs is 100000000000000000000", "[1, 1e9]"]),
        ("learning_rate = 1e300", ["learning_rate is 1e+300", "(0, 1e38]"]),
        ("weight_decay = 1e300", ["weight_decay is 1e+300", "[0, 1e38]"]),
        ("hidden = 10", ["hidden is 10", "[256, 256]"]),
        ("learning_rate = inf", ["learning_rate is inf"]),
        ("method = 'SNFS'", ["unknown method 'SNFS'", "did you mean 'snfs'?"]),
        ("dataset = 'minst'", ["unknown dataset 'minst'", "'mnist'"]),
        ("model = 'mpl'", ["unknown model 'mpl'", "mlp"]),
        ("activation = 'srlu'", ["unknown activation 'srlu'", "'srelu'"]),
        ("momentum = 0", ["nesterov"]),
        ("density = ", ["is not TOML"]),
    ],
)
def test_a_wrong_file_gives_one_line_with_file_key_and_remedy(tmp_path: Path, text: str, parts: list[str]) -> None:
    path = tmp_path / "run.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        TrainConfig.from_toml(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert "\n" not in message
    assert all(part in message for part in parts), message


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml: cannot be read"):
        TrainConfig.from_toml(tmp_path / "none.toml")


def test_names_are_checked_where_no_file_is_involved() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'rigl'"):
        TrainConfig(method="rigle")


@pytest.mark.parametrize(
    ("name", "text"), [("density", "x"), ("nesterov", "maybe"), ("hidden", "3,x"), ("seed", "1.5")]
)
def test_wrong_command_line_text_is_a_config_error(name: str, text: str) -> None:
    with pytest.raises(ConfigError, match=f"{name} is '{text}'"):
        TrainConfig().with_text({name: text})


def test_differences_leave_out_what_changes_no_result() -> None:
    config = TrainConfig()
    other = config.replace(density=0.1, data_folder="elsewhere", checkpoint_every=7)
    assert config.differences(other) == {"density": (0.05, 0.1)}


def test_every_field_has_a_help_and_a_simple_type() -> None:
    simple = {"str", "int", "float", "bool", "tuple[int, ...]"}
    for field in dataclasses.fields(TrainConfig):
        assert field.metadata["help"], field.name
        assert field.type in simple, field.name


def test_a_config_cannot_be_changed() -> None:
    config: Any = TrainConfig()
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.seed = 1


def test_torch_stays_out_until_training() -> None:
    code = "import sys; from topokit.training import TrainConfig, train; TrainConfig(); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_errors_are_the_users_to_mend() -> None:
    with pytest.raises(TopokitError) as caught:
        TrainConfig(density=2.0)
    assert caught.value.exit_code == 2
