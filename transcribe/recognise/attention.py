"""When each word is said, read off cross-attention, for a batch on features that are there.

The method is openai-whisper's (``whisper.timing.find_alignment``): the text is fed to the
decoder, the attention of the alignment heads over the sound is normalised and smoothed, and
dynamic time warping finds the path. There it takes one window at a time, encodes it once
more, and turns the fast attention off for the whole process. Heavy.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import pad

from .engine import WordTiming
from .pieces import words_on_path
from .warping import cheapest_paths

_SECONDS: Final = 0.02
"""Of sound for each place of the features."""
_SMOOTH: Final = 7
"""Places of the median filter."""
_EXCHANGES: Final = (
    (0, 5), (0, 3), (1, 6), (2, 4), (0, 1), (3, 5), (2, 6), (2, 3), (3, 6), (4, 5), (1, 4),
    (1, 3), (3, 4),
)  # fmt: skip
"""Put the median of seven in the middle (Devillard 1998, «Fast median search»)."""


@torch.no_grad()
def align(
    model: Any,
    tokenizer: Any,
    features: Tensor,
    texts: Sequence[Sequence[int]],
    seconds: Sequence[float],
) -> list[list[WordTiming] | None]:
    """Time the words of each row's text tokens.

    ``model`` and ``tokenizer`` are openai-whisper's, ``features`` its encoder's, shape
    (rows, 1500, state); ``seconds`` is how much of each row is sound. None for a row whose
    text is longer than the decoder reads, or whose attention is not a number.
    """
    before = [*tokenizer.sot_sequence, tokenizer.no_timestamps]
    longest = model.dims.n_text_ctx - len(before) - 1
    rows = [row for row, text in enumerate(texts) if 0 < len(text) <= longest]
    timings: list[list[WordTiming] | None] = [None] * len(texts)
    if not rows:
        return timings
    width = max(len(texts[row]) for row in rows)
    fed = [[*before, *texts[row], *[tokenizer.eot] * (1 + width - len(texts[row]))] for row in rows]
    heard = features if len(rows) == len(texts) else features[rows]
    states, attention = _follow(model.decoder, model.alignment_heads, heard, fed)
    letters = model.decoder.token_embedding.weight[: tokenizer.eot].to(states.dtype)
    first = len(before) - 1
    matrices: dict[int, NDArray[np.float64]] = {}
    probabilities: dict[int, list[float]] = {}
    for index, row in enumerate(rows):
        text, after = list(texts[row]), first + len(texts[row])
        places = max(1, min(round(seconds[row] / _SECONDS), attention.shape[-1]))
        matrix = _matrix(attention[index, :, : after + 2, :places])[first : after + 1]
        if np.isfinite(matrix).all():
            said = (states[index, first:after] @ letters.T).float().softmax(dim=-1)
            matrices[row], probabilities[row] = matrix, said[range(len(text)), text].tolist()
    for row, path in zip(
        matrices, cheapest_paths([-one for one in matrices.values()]), strict=True
    ):
        timings[row] = words_on_path(tokenizer, texts[row], *path, probabilities[row])
    return timings


def _follow(
    decoder: Any, heads: Tensor, features: Tensor, tokens: Sequence[Sequence[int]]
) -> tuple[Tensor, Tensor]:
    """Feed texts to the decoder; give its states, and what its alignment heads attend to.

    Shapes (rows, tokens, state) and (rows, heads, tokens, places); rows are padded behind,
    which a decoder that looks back only does not notice.
    """
    ids = torch.tensor(tokens, device=features.device)
    x = decoder.token_embedding(ids) + decoder.positional_embedding[: ids.shape[1]]
    x = x.to(features.dtype)
    chosen: dict[int, list[int]] = {}
    for layer, head in heads.indices().T.tolist():
        chosen.setdefault(layer, []).append(head)
    attention = []
    for layer, block in enumerate(decoder.blocks):
        x = x + block.attn(block.attn_ln(x), mask=decoder.mask)[0]
        asking, cross = block.cross_attn_ln(x), block.cross_attn
        if layer in chosen:
            attention.append(_attention(cross, asking, features, chosen[layer]))
        x = x + cross(asking, features)[0]
        x = x + block.mlp(block.mlp_ln(x))
    return decoder.ln(x), torch.cat(attention, dim=1)


def _attention(cross: Any, asking: Tensor, features: Tensor, heads: list[int]) -> Tensor:
    """Attention of some heads, before it is made to sum to one."""
    to_query, to_key = cross.query, cross.key
    query, key = to_query(asking), to_key(features)
    scale = (query.shape[-1] // cross.n_head) ** -0.25
    query, key = (  # bfloat16 is too coarse for the path
        one.float().unflatten(-1, (cross.n_head, -1))[:, :, heads].transpose(1, 2) * scale
        for one in (query, key)
    )
    attention: Tensor = query @ key.transpose(-1, -2)
    return attention


def _matrix(attention: Tensor) -> NDArray[np.float64]:
    """Normalise over tokens, smooth over time, average the heads (tokens, places)."""
    weights = attention.softmax(dim=-1)
    deviation, mean = torch.std_mean(weights, dim=-2, keepdim=True, unbiased=False)
    matrix: NDArray[np.float64] = (
        _smooth((weights - mean) / deviation).mean(dim=0).double().cpu().numpy()
    )
    return matrix


def _smooth(weights: Tensor) -> Tensor:
    """Median filter over time, the edges mirrored."""
    places, beside = weights.shape[-1], _SMOOTH // 2
    if places <= beside:
        return weights
    wide = pad(weights, (beside, beside), mode="reflect")
    shifted = [wide[..., shift : shift + places] for shift in range(_SMOOTH)]
    for low, high in _EXCHANGES:
        shifted[low], shifted[high] = (
            torch.minimum(shifted[low], shifted[high]),
            torch.maximum(shifted[low], shifted[high]),
        )
    return shifted[beside]
