"""Train: ``python -m demo.train.loop SHARDS OUT STAGES PEAK [RESUME]``.

STAGES is a list like ``250x48x18,500x24x17,1500x8x40``: encoder frames, batch size and
minutes of wall time, and perhaps the share of voices as in the sample.  PEAK is the
highest learning rate; it falls linearly to 3 %.
"""

import math
import multiprocessing
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from demo.engines import lexicon
from demo.train import net, tokens
from demo.train.batches import IGNORED, Batch, Stage, produce
from demo.train.texts import TextSource

FRAMES = 0.12
"""Weight of the losses of phones and words in frames."""

LOOKING = 0.4
"""Weight of the loss that tells the decoder where to look; more while windows grow."""

THINNED = 2
"""The frame losses use every second frame: neighbours hardly differ."""

THREADS = 2
"""Set OMP_WAIT_POLICY=PASSIVE where the cores are shared: waiting threads spin otherwise."""


def parse_stages(text: str) -> list[Stage]:
    """Stages of the command line."""
    parts = [p.split("x") for p in text.split(",")]
    return [Stage(int(a), int(b), float(c), *map(float, rest)) for a, b, c, *rest in parts]


def make_vocabulary() -> tokens.Vocabulary:
    """Vocabulary of all training texts; phones from flite's lexicon."""
    words = TextSource(0).vocabulary()
    phones = {p for said in lexicon(words).values() for p in said}
    return tokens.build(words, sorted(phones | {"ax", "dx", "nx", "axr", "hv", "el", "em", "en"}))


class Learner:
    """The network with its optimisers and losses."""

    def __init__(self, vocabulary: tokens.Vocabulary) -> None:
        """Start from random weights, the same each time."""
        torch.manual_seed(0)
        self.model = net.Trainee(vocabulary)
        named = list(self.model.named_parameters())
        matrices = [p for n, p in named if p.ndim == 2 and "blocks" in n]
        chosen = set(map(id, matrices))
        rest = [p for _, p in named if id(p) not in chosen]
        self.optimisers: tuple[torch.optim.Optimizer, ...] = (
            torch.optim.Muon(matrices, lr=1e-3, weight_decay=0.01, adjust_lr_fn="match_rms_adamw"),
            torch.optim.AdamW(rest, lr=1e-3, betas=(0.9, 0.97), weight_decay=0.0),
        )
        self.step = 0
        self.seen = torch.zeros(5)
        self.unused = math.log(net.FULL_VOCABULARY - len(vocabulary.ids))

    def losses(self, batch: Batch) -> Tensor:
        """Losses of text, phones, words and attention, and the token accuracy."""
        labels = torch.from_numpy(batch.labels)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            audio, middle = self.model.encode(torch.from_numpy(batch.mel), batch.offsets)
            phones = self.model.phone_head(middle[:, ::THINNED])
            words = self.model.word_head(audio[:, ::THINNED])
            logits, attention = self.model.decode(torch.from_numpy(batch.inputs), audio)
        # Unused tokens have logit 0 in the exported file; one column stands for them all.
        others = torch.full((*logits.shape[:2], 1), self.unused)
        text = F.cross_entropy(
            torch.cat([logits, others], -1).flatten(0, 1), labels.flatten(), ignore_index=IGNORED
        )
        known = labels != IGNORED
        right = (logits.argmax(-1) == labels)[known].float().mean()
        return torch.stack(
            [
                text,
                _frame_loss(phones, batch.phones[:, ::THINNED]),
                _frame_loss(words, batch.words[:, ::THINNED]),
                _attention_loss(attention, torch.from_numpy(batch.spans)),
                right,
            ]
        )

    def learn(self, batch: Batch, rate: float) -> None:
        """One step at learning rate ``rate``."""
        losses = self.losses(batch)
        text, phones, words, looking, _ = losses
        total = text + FRAMES * (phones + words) + LOOKING * looking
        total.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        for optimiser in self.optimisers:
            for group in optimiser.param_groups:
                group["lr"] = rate
            optimiser.step()
            optimiser.zero_grad()
        self.step += 1
        keep = 0.95 if self.step > 20 else 0.5
        self.seen = keep * self.seen + (1 - keep) * losses.detach()

    def save(self, out: Path) -> None:
        """Write the checkpoint and what resuming needs."""
        net.export(self.model, out)
        state = [o.state_dict() for o in self.optimisers]
        torch.save((self.model.state_dict(), state, self.step), out.with_suffix(".state"))

    def resume(self, path: Path) -> None:
        """Load what ``save`` wrote."""
        model, state, self.step = torch.load(path, weights_only=True)
        self.model.load_state_dict(model)
        for optimiser, saved in zip(self.optimisers, state, strict=True):
            optimiser.load_state_dict(saved)


def _frame_loss(logits: Tensor, labels: object) -> Tensor:
    target = torch.as_tensor(labels)
    return F.cross_entropy(logits.float().flatten(0, 1), target.flatten())


def _attention_loss(attention: Tensor, spans: Tensor) -> Tensor:
    """How little of the attention falls on the frames where the token is heard."""
    frames = torch.arange(attention.shape[-1])
    inside = (frames >= spans[..., :1]) & (frames < spans[..., 1:])
    known = spans[..., 1] > spans[..., 0]
    mass = (attention * inside[:, None]).sum(-1).clamp(min=1e-6)
    return -mass.log().mean(1)[known].mean() if known.any() else torch.zeros(())


def train(
    folder: Path, out: Path, stages: Sequence[Stage], peak: float, resume: Path | None
) -> None:
    """Run all stages; save every five minutes and at the end."""
    vocabulary = make_vocabulary()
    learner = Learner(vocabulary)
    if resume is not None:
        learner.resume(resume)
    context = multiprocessing.get_context("fork")
    queue = context.Queue(4)
    now = context.Value("i", 0)
    job = (queue, now, stages, folder, vocabulary, learner.step + 7)
    context.Process(target=produce, args=job, daemon=True).start()
    torch.set_num_threads(THREADS)
    started = saved = time.monotonic()
    total, end, first = sum(s.minutes for s in stages) * 60, 0.0, learner.step
    for index, stage in enumerate(stages):
        now.value = index
        end += stage.minutes * 60
        while (elapsed := time.monotonic() - started) < end:
            stage_of, batch = queue.get()
            if stage_of != index:
                continue
            warm = min(1.0, (learner.step - first + 1) / 30)
            learner.learn(batch, peak * warm * max(0.03, 1 - elapsed / total))
            if learner.step % 25 == 0:
                figures = " ".join(f"{v:.3f}" for v in learner.seen.tolist())
                print(f"{elapsed:.0f} s step {learner.step} T{stage.frames}: {figures}", flush=True)
            if time.monotonic() - saved > 300:
                learner.save(out)
                saved = time.monotonic()
        learner.save(out)


def main() -> None:
    """Command line."""
    folder, out, stages, peak = sys.argv[1:5]
    resume = Path(sys.argv[5]) if len(sys.argv) > 5 else None
    train(Path(folder), Path(out), parse_stages(stages), float(peak), resume)


if __name__ == "__main__":
    main()
