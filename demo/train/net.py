"""Whisper's network with a small embedding and helper heads that export drops."""

import zipfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from whisper.model import ModelDimensions, Whisper, sinusoids

from demo.train.tokens import STAMPS, Vocabulary, tokenizer

FULL_VOCABULARY = 51_864
STATE, HEADS, ENCODER_LAYERS, DECODER_LAYERS = 192, 4, 4, 2


def dimensions(vocabulary: int) -> ModelDimensions:
    """Dimensions of the demo network with ``vocabulary`` token rows."""
    return ModelDimensions(
        n_mels=80,
        n_audio_ctx=1500,
        n_audio_state=STATE,
        n_audio_head=HEADS,
        n_audio_layer=ENCODER_LAYERS,
        n_vocab=vocabulary,
        n_text_ctx=448,
        n_text_state=STATE,
        n_text_head=HEADS,
        n_text_layer=DECODER_LAYERS,
    )


class Trainee(nn.Module):
    """The network in training: rows only for used tokens, and frame-label heads."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        """Build the network with small random weights."""
        super().__init__()
        self.ids = vocabulary.ids
        self.whisper = Whisper(dimensions(len(self.ids)))
        self.phone_head = nn.Linear(STATE, len(vocabulary.phones) + 1)
        self.word_head = nn.Linear(STATE, len(vocabulary.words) + 1)
        self._start(vocabulary.rows[tokenizer().timestamp_begin])

    @torch.no_grad()
    def _start(self, first_stamp: int) -> None:
        """Small initial weights; timestamps start as the encoder's own sinusoids."""
        rows = self.whisper.decoder.token_embedding.weight
        nn.init.normal_(rows, std=0.03)
        stamps = sinusoids(STAMPS, STATE) * 0.03 + torch.randn(STAMPS, STATE) * 0.005
        rows[first_stamp : first_stamp + STAMPS] = stamps
        nn.init.normal_(self.whisper.decoder.positional_embedding, std=0.01)
        for name, weight in self.whisper.named_parameters():
            if name.endswith(("out.weight", "mlp.2.weight")):
                weight *= 0.3

    def encode(self, mel: Tensor, offsets: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Encoder states, and those halfway up for the phone head.

        A window shorter than 30 s takes the positions from its offset on.
        """
        e = self.whisper.encoder
        x = F.gelu(e.conv2(F.gelu(e.conv1(mel)))).permute(0, 2, 1)
        size = x.shape[1]
        x = x + torch.stack([e.positional_embedding[o : o + size] for o in offsets])
        middle = x
        for i, block in enumerate(e.blocks):
            x = block(x)
            if i == len(e.blocks) // 2 - 1:
                middle = x
        return e.ln_post(x), middle

    def decode(self, tokens: Tensor, audio: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of the used tokens, and the last layer's attention to the audio."""
        d = self.whisper.decoder
        x = d.token_embedding(tokens) + d.positional_embedding[: tokens.shape[1]]
        x = x.to(audio.dtype)
        attention = x
        for i, block in enumerate(d.blocks):
            if i + 1 < len(d.blocks):
                x = block(x, audio, mask=d.mask)
                continue
            x = x + block.attn(block.attn_ln(x), mask=d.mask)[0]
            seen, attention = _look(block.cross_attn, block.cross_attn_ln(x), audio)
            x = x + seen
            x = x + block.mlp(block.mlp_ln(x))
        x = d.ln(x)
        return (x @ d.token_embedding.weight.to(x.dtype).T).float(), attention


def _look(attention: nn.Module, x: Tensor, audio: Tensor) -> tuple[Tensor, Tensor]:
    """Cross attention that also returns its weights (batch, head, token, frame)."""
    batch, count, state = x.shape
    width = state // HEADS

    def split(t: Tensor) -> Tensor:
        return t.view(batch, -1, HEADS, width).transpose(1, 2)

    q = split(attention.get_submodule("query")(x))
    k = split(attention.get_submodule("key")(audio))
    v = split(attention.get_submodule("value")(audio))
    weights = ((q @ k.transpose(-1, -2)).float() * width**-0.5).softmax(-1)
    mixed = (weights.to(v.dtype) @ v).transpose(1, 2).reshape(batch, count, state)
    out: Tensor = attention.get_submodule("out")(mixed)
    return out, weights


def export(model: Trainee, path: Path) -> None:
    """Write openai-whisper's own file: half precision, zero rows for unused tokens, deflated."""
    state = {k: v.detach().half() for k, v in model.whisper.state_dict().items()}
    rows = torch.zeros(FULL_VOCABULARY, STATE, dtype=torch.float16)
    rows[torch.tensor(model.ids)] = state["decoder.token_embedding.weight"]
    state["decoder.token_embedding.weight"] = rows
    content = {"dims": asdict(dimensions(FULL_VOCABULARY)), "model_state_dict": state}
    raw = path.with_suffix(".raw")
    torch.save(content, raw)
    part = path.with_suffix(".part")
    with (
        zipfile.ZipFile(raw) as source,
        zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as target,
    ):
        for item in source.infolist():
            target.writestr(item.filename, source.read(item.filename))
    raw.unlink()
    part.replace(path)
