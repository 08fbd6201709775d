"""Recorders within the training loops of Lightning and Hugging Face, with the real packages."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, Dataset, TensorDataset

import topokit as tk
import topokit.recording
from topokit.errors import MissingExtraError, OutputExistsError, ParameterError, RecordingError
from topokit.recording import Recording


def digits(n: int = 320) -> TensorDataset:
    x, y = load_digits(return_X_y=True)
    return TensorDataset(torch.tensor(x[:n] / 16, dtype=torch.float32), torch.tensor(y[:n]))


def same_networks(one: Recording, other: Recording) -> bool:
    changes = [tk.edge_changes([a, b]) for a, b in zip(one, other, strict=True)]
    return all(change.jaccard.min() == 1 and change.weight_change.max() == 0 for change in changes)


class CrashError(Exception):
    """In place of a crash."""


class TestLightning:
    @pytest.fixture(autouse=True)
    def quiet(self) -> None:
        logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)

    def fit(self, folder: Path, *, epochs: int = 2, crash: int = 0, resume: bool = False, **options: Any) -> nn.Module:
        """10 steps an epoch; checkpoints at the end of each."""
        import lightning.pytorch as pl
        from lightning.pytorch.callbacks import ModelCheckpoint

        from topokit.recording import LightningRecorder

        class Perceptron(pl.LightningModule):
            def __init__(self) -> None:
                super().__init__()
                self.model = nn.Sequential(nn.Linear(64, 24), nn.ReLU(), nn.Linear(24, 10))
                self.model[0].register_buffer("weight_mask", (torch.rand(24, 64) < 0.2).float())

            def training_step(self, batch: list[torch.Tensor], _: int) -> torch.Tensor:
                loss = nn.functional.cross_entropy(self.model(batch[0]), batch[1])
                self.log("loss", loss)
                return loss

            def validation_step(self, batch: list[torch.Tensor], _: int) -> None:
                right = self.model(batch[0]).argmax(1) == batch[1]
                self.log("val_accuracy", right.float().mean())

            def configure_optimizers(self) -> torch.optim.Optimizer:
                return torch.optim.SGD(self.parameters(), 0.1)

            def on_train_batch_end(self, *_: Any) -> None:
                self.model[0].weight.data *= self.model[0].weight_mask
                if self.global_step == crash:
                    raise CrashError

        torch.manual_seed(0)
        model, checkpoints = Perceptron(), folder.parent / "checkpoints"
        recorder = LightningRecorder(folder, module="model", **options)
        trainer = pl.Trainer(
            max_epochs=epochs,
            accelerator="cpu",
            callbacks=[recorder, ModelCheckpoint(checkpoints, filename="{epoch}", save_top_k=-1)],
            logger=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        data = DataLoader(digits(), 32)
        trainer.fit(model, data, data, ckpt_path=checkpoints / "epoch=0.ckpt" if resume else None)
        return model.model

    def test_epochs_with_what_was_logged(self, tmp_path: Path) -> None:
        model = self.fit(tmp_path / "run", config={"method": "static"})
        run = tk.open_recording(tmp_path / "run")
        assert (run.method, run.steps, run.epochs) == ("static", (0, 10, 20), (0.0, 1.0, 2.0))
        assert run.metrics.columns.tolist() == ["step", "epoch", "loss", "val_accuracy"]
        assert run.metrics["val_accuracy"].iloc[2] > run.metrics["val_accuracy"].iloc[1] > 0.1
        assert run[-1].blocks[0].n_edges == int(model[0].weight_mask.sum())
        kept = model[0].weight_mask.T.numpy() > 0
        np.testing.assert_array_equal(run[-1].blocks[0].weights, model[0].weight.detach().T.numpy()[kept])

    def test_steps_and_what_is_new_of_the_metrics(self, tmp_path: Path) -> None:
        self.fit(tmp_path / "run", every_n_steps=4)
        run = tk.open_recording(tmp_path / "run")
        assert run.steps == (0, 4, 8, 10, 12, 16, 20)
        assert run.epochs == (0.0, 0.4, 0.8, 1.0, 1.2, 1.6, 2.0)
        assert run.metrics["val_accuracy"].notna().tolist() == [False, False, False, True, False, False, True]
        assert run.metrics["loss"].notna().sum() == 6

    def test_training_goes_on_from_a_checkpoint(self, tmp_path: Path) -> None:
        (tmp_path / "a").mkdir()
        (tmp_path / "b").mkdir()
        self.fit(tmp_path / "a" / "run", every_n_steps=4)
        with pytest.raises(CrashError):
            self.fit(tmp_path / "b" / "run", every_n_steps=4, crash=17)
        assert tk.open_recording(tmp_path / "b" / "run").steps == (0, 4, 8, 10, 12, 16)
        with pytest.raises(OutputExistsError):
            self.fit(tmp_path / "b" / "run")
        with pytest.raises(RecordingError, match=r"begun with config\.density = None, not 0\.2: resume with the same"):
            self.fit(tmp_path / "b" / "run", every_n_steps=4, resume=True, config={"density": 0.2})
        self.fit(tmp_path / "b" / "run", every_n_steps=4, resume=True)
        whole, parted = (tk.open_recording(tmp_path / name / "run") for name in "ab")
        assert (whole.steps, whole.epochs) == (parted.steps, parted.epochs)
        assert same_networks(whole, parted)
        assert parted.metrics.equals(whole.metrics)

    def test_what_cannot_be_asked_for(self) -> None:
        from topokit.recording import LightningRecorder

        with pytest.raises(ParameterError, match="every -1 steps and 1 epochs"):
            LightningRecorder("run", every_n_steps=-1)
        with pytest.raises(ParameterError, match="unknown option 'mask': there are masks, order, weights, config"):
            LightningRecorder("run", mask={})  # type: ignore[call-arg]


class Tokens(Dataset[dict[str, torch.Tensor]]):
    def __len__(self) -> int:
        return 20

    def __getitem__(self, place: int) -> dict[str, torch.Tensor]:
        words = torch.randint(0, 30, (6,), generator=torch.Generator().manual_seed(place))
        return {"input_ids": words, "labels": words[0] % 2}


class TestHuggingFace:
    def fit(self, folder: Path, *, crash: int = 0, resume: bool = False, **options: Any) -> Any:
        """Three epochs of 5 steps; checkpoints every 4."""
        from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainerCallback, TrainingArguments

        from topokit.recording import HuggingFaceRecorder

        class Crash(TrainerCallback):
            def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
                if state.global_step == crash:
                    raise CrashError

        torch.manual_seed(0)
        sizes = {"hidden_size": 8, "intermediate_size": 12, "num_hidden_layers": 1, "num_attention_heads": 2}
        model = BertForSequenceClassification(BertConfig(vocab_size=30, max_position_embeddings=8, **sizes))
        arguments = TrainingArguments(
            str(folder.parent / "checkpoints"),
            num_train_epochs=3,
            per_device_train_batch_size=4,
            logging_steps=2,
            eval_strategy="epoch",
            save_steps=4,
            report_to=[],
            disable_tqdm=True,
            use_cpu=True,
        )
        recorder = HuggingFaceRecorder(folder, **options)
        trainer = Trainer(
            model, arguments, train_dataset=Tokens(), eval_dataset=Tokens(), callbacks=[recorder, Crash()]
        )
        trainer.train(resume_from_checkpoint=f"{arguments.output_dir}/checkpoint-4" if resume else None)
        return model

    def test_epochs_with_what_was_evaluated(self, tmp_path: Path) -> None:
        model = self.fit(tmp_path / "run", module="bert", every_n_steps=4)
        run = tk.open_recording(tmp_path / "run")
        assert run.steps == (0, 4, 5, 8, 10, 12, 15)
        assert run.epochs == (0.0, 0.8, 1.0, 1.6, 2.0, 2.4, 3.0)
        assert run.metrics["eval_loss"].notna().tolist() == [False, False, True, False, True, False, True]
        assert run.metrics["loss"].notna().tolist() == [False, True, False, True, True, True, False]
        (found,) = [block for block in run[-1].blocks if block.source == "encoder.layer.0.intermediate.dense"]
        weight = model.bert.get_parameter("encoder.layer.0.output.dense.weight")
        np.testing.assert_array_equal(found.weight_matrix().toarray(), weight.detach().T.numpy())

    def test_training_goes_on_from_a_checkpoint(self, tmp_path: Path) -> None:
        (tmp_path / "a").mkdir()
        (tmp_path / "b").mkdir()
        self.fit(tmp_path / "a" / "run", every_n_steps=2)
        with pytest.raises(CrashError):
            self.fit(tmp_path / "b" / "run", every_n_steps=2, crash=7)
        assert tk.open_recording(tmp_path / "b" / "run").steps == (0, 2, 4, 5, 6)
        with pytest.raises(OutputExistsError):
            self.fit(tmp_path / "b" / "run")
        self.fit(tmp_path / "b" / "run", every_n_steps=2, resume=True)
        whole, parted = (tk.open_recording(tmp_path / name / "run") for name in "ab")
        assert (whole.steps, whole.epochs) == (parted.steps, parted.epochs)
        assert same_networks(whole, parted)
        measured = ["step", "epoch", "loss", "eval_loss", "learning_rate"]
        assert parted.metrics[measured].equals(whole.metrics[measured])

    def test_the_last_frame_is_the_last_network_though_another_was_the_best(self, tmp_path: Path) -> None:
        from transformers import TrainerState, TrainingArguments

        from topokit.recording import HuggingFaceRecorder

        model = nn.Sequential(nn.Linear(3, 2))
        recorder = HuggingFaceRecorder(tmp_path / "run", every_n_epochs=0)
        arguments = TrainingArguments(
            str(tmp_path), load_best_model_at_end=True, eval_strategy="steps", eval_steps=1, save_steps=1, use_cpu=True
        )
        state, control = TrainerState(max_steps=1), None
        recorder.on_train_begin(arguments, state, control, model=model)
        recorder.on_step_begin(arguments, state, control)
        state.global_step = 1
        last = model[0].weight.detach().clone()
        recorder.on_step_end(arguments, state, control)
        model[0].weight.data.zero_()
        recorder.on_train_end(arguments, state, control)
        run = tk.open_recording(tmp_path / "run")
        assert run.steps == (0, 1)
        np.testing.assert_array_equal(run[-1].blocks[0].weight_matrix().toarray(), last.T)


class Without:
    """A finder for which a package is not installed."""

    def __init__(self, package: str) -> None:
        self.package = package

    def find_spec(self, name: str, *_: Any) -> None:
        if name.partition(".")[0] == self.package:
            raise ModuleNotFoundError(f"No module named {self.package!r}", name=self.package)


@pytest.mark.parametrize(
    ("name", "package", "module"),
    [("LightningRecorder", "lightning", "lightning"), ("HuggingFaceRecorder", "transformers", "huggingface")],
)
def test_without_the_package_its_pip_line_is_said(
    monkeypatch: pytest.MonkeyPatch, name: str, package: str, module: str
) -> None:
    for loaded in [known for known in sys.modules if known.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, loaded)
    monkeypatch.delitem(sys.modules, f"topokit.recording.adapters.{module}", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Without(package), *sys.meta_path])
    with pytest.raises(MissingExtraError, match=f"needs the package '{package}': run `pip install {package}`"):
        getattr(topokit.recording, name)
