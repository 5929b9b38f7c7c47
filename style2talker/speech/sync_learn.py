"""Learn the sync model from drawn talkers; SYNC.md tells what came of it.

    python -m style2talker.speech.sync_learn --out style2talker/speech/sync.safetensors

Shapes: n samples, T frames at 25 Hz, M mel steps at 80 Hz, F features, S mouth signals, A attempts.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.ndimage import uniform_filter1d
from scipy.optimize import minimize

from style2talker.corpus.schema import AUDIO_RATE_HZ, FRAME_RATE_HZ
from style2talker.media.mel import MEL_RATE_HZ
from style2talker.speech.sync import LAGS, MARGIN_S, lag_evidence, peak, peak_features
from style2talker.speech.sync_drawn import VOICES, VOICES_TO_CALIBRATE, Talk, drawn_talks, heard
from style2talker.speech.sync_features import SIGNALS
from style2talker.speech.sync_model import SyncModel, model_bytes

NUM_TALKS, NUM_TO_CALIBRATE = 700, 200
HIDDEN, DROPOUT, FEATURE_NOISE, EPOCHS, BATCH = 48, 0.2, 0.3, 3, 512
STEADY = 0.012  # eye distances; a mouth that moves less than this is not blown up to full size


def lessons(talks: Sequence[Talk], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """(features [M, F], targets [M, S]) of all talks: quick movements, each talk's of about unit size."""
    features, targets = [], []
    margin = round(MARGIN_S * MEL_RATE_HZ)
    for talk in talks:
        feature_mf = heard(np.pad(talk.audio_n, round(MARGIN_S * AUDIO_RATE_HZ)), rng)
        quick_ts = talk.signal_ts - uniform_filter1d(talk.signal_ts, FRAME_RATE_HZ, axis=0, mode="nearest")
        quick_ts /= np.maximum(quick_ts.std(axis=0), STEADY)
        frame_t = np.arange(len(quick_ts))
        frame_m = np.arange(0, len(quick_ts) - 1, FRAME_RATE_HZ / MEL_RATE_HZ)
        targets.append(np.stack([np.interp(frame_m, frame_t, column) for column in quick_ts.T], axis=1))
        features.append(feature_mf[margin : margin + len(frame_m)])
    return np.concatenate(features), np.concatenate(targets).astype(np.float32)


def trained(feature_mf: np.ndarray, target_ms: np.ndarray, *, seed: int) -> SyncModel:
    """The net of least squared error; not calibrated yet."""
    import torch
    from torch import nn

    torch.manual_seed(seed)
    mean_f = feature_mf.mean(axis=0)
    x_mf, y_ms = torch.from_numpy(feature_mf - mean_f), torch.from_numpy(target_ms)
    layers = [nn.Linear(x_mf.shape[1], HIDDEN), nn.Linear(HIDDEN, HIDDEN), nn.Linear(HIDDEN, len(SIGNALS))]
    net = nn.Sequential(
        *(nn.Dropout(DROPOUT), layers[0], nn.ReLU(), nn.Dropout(DROPOUT), layers[1], nn.ReLU(), layers[2])
    )
    optimiser = torch.optim.AdamW(net.parameters(), weight_decay=1e-2)
    num_steps = EPOCHS * (len(x_mf) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=3e-3, total_steps=num_steps)
    for _ in range(EPOCHS):
        order = torch.randperm(len(x_mf))
        for batch in order[: len(order) // BATCH * BATCH].view(-1, BATCH):
            noisy = x_mf[batch] + FEATURE_NOISE * torch.randn(BATCH, x_mf.shape[1])
            loss = (net(noisy) - y_ms[batch]).square().mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    weights = [layer.weight.detach().numpy().T.copy() for layer in layers]
    biases = [layer.bias.detach().numpy().copy() for layer in layers]
    return SyncModel(
        mean_f=mean_f,
        weight_fh=weights[0],
        bias_h=biases[0],
        weight_hh=weights[1],
        bias2_h=biases[1],
        weight_hs=weights[2],
        bias_s=biases[2],
        trust_3=np.zeros(3, np.float32),
    )


def calibrated(model: SyncModel, talks: Sequence[Talk], rng: np.random.Generator) -> SyncModel:
    """The same net with its confidence fitted, by logistic regression, to what happens.

    What happens: stretches of 1 to 6 s, any offset that is searched, mouths that also do what is not of this
    speech, as real ones do; and every third time the sound of somebody else.
    """
    attempts = [_attempt(model, talks, index, rng) for index in range(4 * len(talks))]
    feature_a3 = np.array([peak_features(evidence_l) for evidence_l, _ in attempts])
    sign_a = np.array([-1.0 if right else 1.0 for _, right in attempts])
    found = minimize(lambda trust_3: np.logaddexp(0, sign_a * (feature_a3 @ trust_3)).mean(), np.zeros(3))
    return replace(model, trust_3=np.asarray(found.x, np.float32))


def _attempt(
    model: SyncModel, talks: Sequence[Talk], index: int, rng: np.random.Generator
) -> tuple[np.ndarray, bool]:
    seen = talks[index % len(talks)]
    other = rng.random() < 1 / 3
    sound = talks[(index + int(rng.integers(1, len(talks)))) % len(talks)] if other else seen
    offset = float(rng.uniform(LAGS[0] + 1, LAGS[-1] - 1))
    num_frames = min(int(rng.integers(25, 150)), len(seen.signal_ts))
    first = int(rng.integers(len(seen.signal_ts) - num_frames + 1))
    begin = round((first - offset) / FRAME_RATE_HZ * AUDIO_RATE_HZ)
    margin = round(MARGIN_S * AUDIO_RATE_HZ)
    padded_n = np.pad(sound.audio_n, 4 * margin)[begin + 3 * margin :]
    wanted = num_frames * AUDIO_RATE_HZ // FRAME_RATE_HZ + 2 * margin
    audio_n = np.pad(padded_n, (0, max(wanted - len(padded_n), 0)))[:wanted]
    if not np.any(audio_n):
        return np.zeros(len(LAGS)), False
    signal_ts = seen.signal_ts[first : first + num_frames]
    own_ts = talks[int(rng.integers(len(talks)))].signal_ts  # speech-like, but not of this speech
    own_ts = np.resize(own_ts, (num_frames, len(SIGNALS))) * rng.uniform(0, 1.5)
    tremble_ts = rng.normal(0, 0.002, signal_ts.shape)
    evidence_l = lag_evidence(model.mouth(heard(audio_n, rng)), signal_ts + own_ts + tremble_ts)
    return evidence_l, not other and abs(peak(evidence_l) - offset) <= 1


def learn(
    *, seed: int = 0, num_talks: int = NUM_TALKS, num_to_calibrate: int = NUM_TO_CALIBRATE
) -> SyncModel:
    """All of it: a minute on one core."""
    rng = np.random.default_rng(seed)
    feature_mf, target_ms = lessons(drawn_talks(num_talks, VOICES, rng), rng)
    model = trained(feature_mf, target_ms, seed=seed)
    return calibrated(model, drawn_talks(num_to_calibrate, VOICES_TO_CALIBRATE, rng), rng)


def main() -> None:
    parser = argparse.ArgumentParser(description="Learn the sync model from drawn talkers.")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    model = learn(seed=arguments.seed)
    arguments.out.write_bytes(model_bytes(model))
    print(f"confidence by {np.array2string(model.trust_3, precision=2)}")


if __name__ == "__main__":
    main()
