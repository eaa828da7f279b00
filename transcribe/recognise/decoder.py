"""Whisper's text decoder a few positions at a time, over keys and values kept in place.

The same arithmetic as ``whisper.model.TextDecoder`` on the same weights, arranged for
speed: the three projections of self-attention in one product, keys and values of the sound
computed once a batch, every buffer allocated once (which CUDA graphs need, and which a
processor thanks for), and words weighed only at the positions somebody asks for. What runs
along the layers stays float32 whatever the precision of the weights.
"""

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True, slots=True)
class _Norm:
    """A LayerNorm; always float32."""

    weight: Tensor
    bias: Tensor

    def __call__(self, x: Tensor, dtype: torch.dtype) -> Tensor:
        return F.layer_norm(x, self.weight.shape, self.weight, self.bias).to(dtype)


@dataclass(frozen=True, slots=True)
class _Map:
    """A linear layer."""

    weight: Tensor
    bias: Tensor | None

    def __call__(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight, self.bias)

    def into(self, out: Tensor, x: Tensor) -> None:
        """Write what comes out into a buffer."""
        flat, rows = out.view(-1, out.shape[-1]), x.reshape(-1, x.shape[-1])
        if self.bias is None:
            torch.mm(rows, self.weight.T, out=flat)
        else:
            torch.addmm(self.bias, rows, self.weight.T, out=flat)


@dataclass(frozen=True, slots=True)
class _Layer:
    """Weights of one layer, in the order they are used."""

    self_norm: _Norm
    self_in: _Map
    """Query, key and value, one above the other."""
    self_out: _Map
    cross_norm: _Norm
    cross_query: _Map
    cross_key: _Map
    cross_value: _Map
    cross_out: _Map
    mlp_norm: _Norm
    widen: _Map
    narrow: _Map


class Cache:
    """Keys and values of a batch: of the sound (cross) and of the text so far (own).

    Shape (2, layers, rows, positions, state) both; the first axis is key, value.
    """

    def __init__(self, dims: Any, rows: int, dtype: torch.dtype, device: torch.device) -> None:
        """Allocate room for ``rows`` windows."""
        sound = (2, dims.n_text_layer, rows, dims.n_audio_ctx, dims.n_text_state)
        text = (2, dims.n_text_layer, rows, dims.n_text_ctx, dims.n_text_state)
        self.rows = rows
        self.cross = torch.zeros(sound, dtype=dtype, device=device)
        self.own = torch.zeros(text, dtype=dtype, device=device)

    def begin(self, count: int, width: int) -> None:
        """Forget the batch before, in the first ``width`` rows, of which ``count`` have a window.

        What is masked is still multiplied, and 0 times what is no number is none either: a
        window that went wrong would spoil those that come later.
        """
        self.cross[:, :, count:width].zero_()
        self.own[:, :, :width].zero_()

    def move(self, to: int, source: int, length: int) -> None:
        """Put a row in the place of another that has ended; ``length`` positions are in use."""
        self.cross[:, :, to].copy_(self.cross[:, :, source])
        self.own[:, :, to, :length].copy_(self.own[:, :, source, :length])


class Decoder:
    """A decoder that steps."""

    def __init__(self, model: Any, dtype: torch.dtype) -> None:
        """Take the weights of ``model``, which have ``dtype`` already (norms: float32)."""
        self.dtype = dtype
        self.heads = int(model.dims.n_text_head)
        self._layers = [_layer(block) for block in model.decoder.blocks]
        self._norm = _norm(model.decoder.ln)
        self._tokens: Tensor = model.decoder.token_embedding.weight.detach()
        self._places: Tensor = model.decoder.positional_embedding.detach().float()

    def listen(self, cache: Cache, features: Tensor) -> None:
        """Compute keys and values of the sound. Features: (rows, 1500, state)."""
        rows = features.shape[0]
        for index, layer in enumerate(self._layers):
            layer.cross_key.into(cache.cross[0, index, :rows], features)
            layer.cross_value.into(cache.cross[1, index, :rows], features)

    def run(
        self, cache: Cache, tokens: Tensor, places: Tensor, span: int, mask: Tensor | None = None
    ) -> Tensor:
        """Read tokens (rows, n) that stand at ``places`` (n); give states (rows, n, state).

        Text positions below ``span`` are attended: causally when n > 1, all when n is 1, or
        as ``mask`` (1, span) says.
        """
        rows, n = tokens.shape
        x = F.embedding(tokens, self._tokens).float() + self._places[places]
        for index, layer in enumerate(self._layers):
            keys, values = cache.own[0, index, :rows], cache.own[1, index, :rows]
            query, key, value = layer.self_in(layer.self_norm(x, self.dtype)).chunk(3, dim=-1)
            keys.index_copy_(1, places, key)
            values.index_copy_(1, places, value)
            read = self._attend(query, keys[:, :span], values[:, :span], mask, n > 1)
            x = x + layer.self_out(read)
            query = layer.cross_query(layer.cross_norm(x, self.dtype))
            sound = cache.cross[:, index, :rows]
            x = x + layer.cross_out(self._attend(query, sound[0], sound[1], None, False))
            wide = F.gelu(layer.widen(layer.mlp_norm(x, self.dtype)))
            x = x + layer.narrow(wide)
        return x

    def logits(self, states: Tensor) -> Tensor:
        """Weigh every word. States (…, state) to float32 (…, vocabulary)."""
        return F.linear(self._norm(states, self._tokens.dtype), self._tokens).float()

    def _attend(
        self, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, causal: bool
    ) -> Tensor:
        read = F.scaled_dot_product_attention(
            self._split(query), self._split(key), self._split(value), mask, is_causal=causal
        )
        return read.transpose(1, 2).flatten(2)

    def _split(self, x: Tensor) -> Tensor:
        return x.view(*x.shape[:-1], self.heads, -1).transpose(1, 2)


def _norm(module: Any) -> _Norm:
    return _Norm(module.weight.detach().float(), module.bias.detach().float())


def _map(module: Any) -> _Map:
    return _Map(module.weight.detach(), None if module.bias is None else module.bias.detach())


def _layer(block: Any) -> _Layer:
    own, cross = block.attn, block.cross_attn
    return _Layer(
        _norm(block.attn_ln), _joined(own), _map(own.out), _norm(block.cross_attn_ln),
        _map(cross.query), _map(cross.key), _map(cross.value), _map(cross.out),
        _norm(block.mlp_ln), _map(block.mlp[0]), _map(block.mlp[2]),
    )  # fmt: skip


def _joined(attention: Any) -> _Map:
    """One layer for query, key and value; the module goes on with views of the same memory."""
    parts = (attention.query, attention.key, attention.value)
    weight = torch.cat([part.weight.detach() for part in parts])
    # Whisper's keys have no bias.
    biases = [
        torch.zeros_like(attention.query.bias) if part.bias is None else part.bias.detach()
        for part in parts
    ]
    for part, view in zip(parts, weight.chunk(3), strict=True):
        part.weight.data = view
    return _Map(weight, torch.cat(biases))
