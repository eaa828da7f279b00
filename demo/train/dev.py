"""Word error rate on held-out free sentences: ``python -m demo.train.dev CHECKPOINT``.

The sentences are those of ``sentences.txt`` that training leaves out, said by the
sample's six voices in turn and put together like the sample.
"""

import random
import sys

import jiwer
import whisper

from demo.evaluate import hear, plain
from demo.sample import arrange, mix, speak
from demo.script import Line
from demo.train.texts import held_out
from demo.voices import SAMPLE_VOICES


def main() -> None:
    """Command line: the checkpoint."""
    rng = random.Random(3)
    people = list(SAMPLE_VOICES)
    lines = tuple(Line(rng.choice(people), text) for text in held_out()[1])
    samples = mix(arrange(lines, speak(lines), rng))
    model = whisper.load_model(sys.argv[1], device="cpu").eval()
    heard = hear(model, samples)
    said = plain(" ".join(line.text for line in lines))
    found = jiwer.wer(said, plain(" ".join(h.text for h in heard)) or "nothing")
    print(f"held-out sentences: WER {100 * found:.1f} % of {len(said.split())} words")
    if "--show" in sys.argv:
        print("\n".join(f"{h.start:7.2f} {h.text}" for h in heard))


if __name__ == "__main__":
    main()
