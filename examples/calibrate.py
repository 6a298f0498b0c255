"""From answers whose truth is known to probabilities, and to a promise of risk. No model: the answers are made up here.

With a model and a folder of your own it is one command: omniloom calibrate FOLDER (docs/calibration.md).
"""

import random

from omniloom.evaluation.calibration.fit import Answered, fit
from omniloom.reasoning.calibrator import confidence

random.seed(0)


def answered(number: int) -> Answered:
    """An answer that its agreement with other samples gives away, mostly; what the judge says is chance."""
    right = random.random() < 0.8
    signals = {
        "logprob_mean": random.gauss(-0.2 if right else -0.4, 0.15),
        "agreement": min(1.0, max(0.0, random.gauss(0.85 if right else 0.35, 0.2))),
        "judge": random.random(),
        "answer_tokens": float(random.randint(1, 20)),
    }
    return Answered(id=str(number), group=str(number // 3), signals=signals, right=right)


calibrator = fit([answered(at) for at in range(600)], name="made-up", model="none", family="extract").calibrator
held = calibrator.held_out
print(f"held out: {held.n} answers, ECE {held.ece.value:.3f} ({held.ece.low:.3f} to {held.ece.high:.3f})")
print("taken out:", ", ".join(each.name for each in calibrator.taken_out))

signals = {"logprob_mean": -0.25, "agreement": 0.8, "judge": 0.5, "answer_tokens": 6.0}
print("probability:", confidence(signals, calibrator).value)
print("not a probability:", confidence(signals, None).value)

promise = calibrator.threshold(max_risk=0.1)
print(promise.guarantee)
