"""Checkpoints of real shapes for measuring speed, without trained weights.

The weights are random, but each position of the decoder says which token comes next: its
embedding outweighs all else in the residual stream, so every window of any sound decodes
to <|0.00|>, the wanted number of text tokens, <|30.00|>, end. The logits of these tokens
stand so far out that the average log-probability is near 0 and nothing is decoded twice.
All of the arithmetic of a trained checkpoint of that shape is done.
"""

import random
import re
from pathlib import Path
from typing import Any, Final

# name: mel bands, vocabulary, width, heads, encoder layers, decoder layers (openai-whisper).
SHAPES: Final = {
    "toy": (80, 51865, 64, 1, 1, 2),
    "toy-v3": (128, 51866, 128, 2, 2, 2),
    "tiny": (80, 51865, 384, 6, 4, 4),
    "base": (80, 51865, 512, 8, 6, 6),
    "small": (80, 51865, 768, 12, 12, 12),
    "large-v3": (128, 51866, 1280, 20, 32, 32),
    "turbo": (128, 51866, 1280, 20, 32, 4),
}
_CONTEXT: Final = 448
_LOUD: Final = 100.0
"""How much louder than a token's own embedding the embedding of its position is."""
_SHARP: Final = 48.0
"""Logit of the scripted token; those of all others scatter around 0."""


def shaped_checkpoint(shape: str, tokens: int, path: Path) -> Path:
    """Write a checkpoint in openai-whisper's format that says ``tokens`` text tokens a window.

    Each text token is a word. Positions are counted as without a prompt.
    """
    import torch
    from whisper.model import ModelDimensions, Whisper

    mels, vocabulary, width, heads, hearing, writing = SHAPES[shape]
    dims = ModelDimensions(
        mels, 1500, width, heads, hearing, vocabulary, _CONTEXT, width, heads, writing
    )
    torch.manual_seed(0)
    model = Whisper(dims)
    embeddings = torch.nn.functional.normalize(torch.randn(vocabulary, width), dim=1)
    embeddings *= _SHARP / width**0.5
    places = torch.zeros(_CONTEXT, width)
    for place, token in enumerate(_script(model, tokens)):
        places[place] = embeddings[token] * _LOUD
    model.decoder.token_embedding.weight.data = embeddings
    model.decoder.positional_embedding.data = places
    weights = {name: tensor.half() for name, tensor in model.state_dict().items()}
    torch.save({"dims": vars(dims), "model_state_dict": weights}, path)
    return path


def _script(model: Any, tokens: int) -> list[int]:
    """Which token follows each position: the language, the task, then the window's text."""
    from whisper.tokenizer import get_tokenizer

    from transcribe.recognise.checkpoint import keep_vocabulary

    keep_vocabulary(model)
    tokenizer = get_tokenizer(
        model.is_multilingual, num_languages=model.num_languages, language="en"
    )
    words = [
        token
        for token in range(300, 20_000)
        if re.fullmatch(" [a-z]{4,}", tokenizer.encoding.decode([token]))
    ]
    # All different, or the text would seem to repeat itself and be decoded again.
    text = random.Random(0).sample(words, tokens)
    begin, end = tokenizer.timestamp_begin, tokenizer.timestamp_begin + 1500
    return [tokenizer.sot_sequence[1], tokenizer.transcribe, begin, *text, end, tokenizer.eot]
