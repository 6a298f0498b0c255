"""The child's side: an effect by DoWhy's estimators, its interval by statsmodels, and a placebo.

Three things of DoWhy 0.14 are kept away from. Its instrument's estimate ignores which levels are compared, and its
front door applies them to the mediator as well: both are asked for one unit, and the effect is scaled here. Its placebo
leaves the first stage of a front door as it was: there the treatment is permuted here. An interval under effect
modification it has only by resampling: here it is that of the same regression with centred covariates (Lin, 2013), HC3.
"""

import logging
from collections.abc import Iterator
from typing import Any

from omniloom.core.errors import OmniloomError, UsageError

_SEED, _PLACEBOS, _GROUPS = 0, 50, 5
_WEAK = 10  # the F below which an instrument is called weak: Staiger and Stock, 1997
_LEVEL = 0.05


def answer(payload: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """`payload` is {"columns": {name: numbers}, "kind", "treatment", "outcome", "variables", "modifiers", "levels"};
    yields {"effect": {...}} or {"failed": {code, message, hint}}."""
    logging.disable(logging.CRITICAL)
    try:
        yield {"effect": _Effect(payload).told()}
    except OmniloomError as error:
        yield {"failed": {"code": error.code, "message": error.message, "hint": error.hint}}


class _Effect:
    def __init__(self, payload: dict[str, Any]) -> None:
        import pandas as pd

        self.kind, self.variables, self.modifiers = payload["kind"], payload["variables"], payload["modifiers"]
        self.t, self.y = "treatment", "outcome"
        names = {payload["treatment"]: self.t, payload["outcome"]: self.y}
        self.names = [f"v{at}" for at, _ in enumerate(self.variables)]  # no name of a column may steer a formula
        names |= dict(zip(self.variables, self.names, strict=True))
        self.data: Any = pd.DataFrame({names[name]: values for name, values in payload["columns"].items()}, dtype=float)
        self.scale = payload["levels"][1] - payload["levels"][0]
        self.notes: list[str] = []

    def told(self) -> dict[str, Any]:
        made = {"adjustment": self._adjustment, "instrument": self._instrument, "front door": self._front_door}
        value, (low, high), method, estimator, estimate = made[self.kind]()
        placebo, spread = self._placebo(estimator, estimate)
        ends = sorted((low * self.scale, high * self.scale))
        plain = self._line(self.y, self.t)
        return {
            "value": value * self.scale,
            "low": ends[0],
            "high": ends[1],
            "method": method,
            "unadjusted": float(plain.params[1]) * self.scale,
            "placebo": [placebo * self.scale, abs(spread * self.scale)],
            "by": self._groups(estimator) if self.kind == "adjustment" else [],
            "notes": self.notes,
        }

    def _estimand(self, method: str, **more: Any) -> Any:
        from dowhy.causal_identifier import EstimandType
        from dowhy.causal_identifier.identified_estimand import IdentifiedEstimand

        assumed = {"estimand": None, "assumptions": {}}
        return IdentifiedEstimand(
            None,
            treatment_variable=[self.t],
            outcome_variable=[self.y],
            estimand_type=EstimandType.NONPARAMETRIC_ATE,
            estimands={method: assumed},
            default_backdoor_id="backdoor",
            identifier_method=method,
            **{"backdoor_variables": {"backdoor": self.names if method == "backdoor" else []}, **more},
        )

    def _adjustment(self) -> tuple[Any, ...]:
        import numpy as np
        from dowhy.causal_estimators.linear_regression_estimator import LinearRegressionEstimator

        centred = self.data[self.names] - self.data[self.names].mean()
        products = centred.mul(self.data[self.t], axis=0).to_numpy()
        design = np.column_stack([np.ones(len(self.data)), self.data[self.t], centred, products])
        self._check(design)
        estimator = LinearRegressionEstimator(self._estimand("backdoor"), need_conditional_estimates=False)
        estimator.fit(self.data, effect_modifier_names=self.names or None)
        estimate = estimator.estimate_effect(self.data, treatment_value=1, control_value=0)
        import statsmodels.api as sm

        ends = sm.OLS(self.data[self.y].to_numpy(), design).fit(cov_type="HC3").conf_int(_LEVEL)[1]
        method = "linear regression" + " with interactions, averaged over the rows" * bool(self.names)
        return float(estimate.value), ends, f"{method} (DoWhy backdoor.linear_regression)", estimator, estimate

    def _instrument(self) -> tuple[Any, ...]:
        import numpy as np
        from dowhy.causal_estimators.instrumental_variable_estimator import InstrumentalVariableEstimator
        from statsmodels.sandbox.regression.gmm import IV2SLS

        z = self.names[0]
        if self.data[z].nunique() == 2:  # DoWhy's Wald estimator takes 0 and 1 alone
            self.data[z] = (self.data[z] == self.data[z].max()).astype(float)
        ones = np.ones(len(self.data))
        first = self._line(self.t, z)
        if (strength := float(first.tvalues[1]) ** 2) < _WEAK:
            self.notes.append(f"weak instrument: F = {strength:.1f}, below {_WEAK}; value and interval may mislead")
        self._check(np.column_stack([ones, self.data[z]]))
        estimand = self._estimand("iv", instrumental_variables=self.names)
        estimator = InstrumentalVariableEstimator(estimand).fit(self.data)
        estimate = estimator.estimate_effect(self.data, treatment_value=1, control_value=0)
        inputs, moved = np.column_stack([ones, self.data[self.t]]), np.column_stack([ones, self.data[z]])
        ends = IV2SLS(self.data[self.y].to_numpy(), inputs, moved).fit().conf_int(_LEVEL)[1]
        return (
            float(estimate.value),
            ends,
            "two-stage least squares (DoWhy iv.instrumental_variable)",
            estimator,
            estimate,
        )

    def _front_door(self) -> tuple[Any, ...]:
        import numpy as np

        m = self.names[0]
        self._check(np.column_stack([np.ones(len(self.data)), self.data[self.t], self.data[m]]))
        estimator = self._two_stage()
        estimate = estimator.fit(self.data).estimate_effect(self.data, treatment_value=1, control_value=0)
        one, two = self._line(m, self.t), self._line(self.y, m, self.t)
        a, b, da, db = one.params[1], two.params[1], one.bse[1], two.bse[1]
        half = 1.959964 * float(np.hypot(a * db, b * da))  # Sobel, 1982
        value = float(estimate.value)
        return (
            value,
            (value - half, value + half),
            "two-stage regression (DoWhy frontdoor.two_stage_regression)",
            estimator,
            estimate,
        )

    def _two_stage(self) -> Any:
        from dowhy.causal_estimators.linear_regression_estimator import LinearRegressionEstimator as Linear
        from dowhy.causal_estimators.two_stage_regression_estimator import TwoStageRegressionEstimator

        around = {"mediation_first_stage_confounders": {"backdoor": []}}
        around |= {"mediation_second_stage_confounders": {"backdoor": [self.t]}}
        estimand = self._estimand("frontdoor", frontdoor_variables=self.names, **around)
        return TwoStageRegressionEstimator(estimand, first_stage_model=Linear, second_stage_model=Linear)

    def _placebo(self, estimator: Any, estimate: Any) -> tuple[float, float]:
        """The mean effect of a treatment that is permuted, and its standard deviation, over 50 permutations."""
        import numpy as np

        random = np.random.RandomState(_SEED)
        if self.kind == "front door":
            effects = [self._permuted(random) for _ in range(_PLACEBOS)]
            return float(np.mean(effects)), float(np.std(effects))
        from dowhy.causal_refuters import placebo_treatment_refuter as refuter

        kinds = {"random_state": random, "placebo_type": refuter.PlaceboType.PERMUTE}
        estimand = estimator._target_estimand
        effects = [
            refuter.refute_placebo_treatment(
                self.data, estimand, estimate, [self.t], num_simulations=1, **kinds
            ).new_effect
            for _ in range(_PLACEBOS)
        ]
        return float(np.mean(effects)), float(np.std(effects))

    def _permuted(self, random: Any) -> float:
        data = self.data.assign(treatment=random.permutation(self.data[self.t].to_numpy()))
        return float(self._two_stage().fit(data).estimate_effect(data, treatment_value=1, control_value=0).value)

    def _groups(self, estimator: Any) -> list[tuple[str, float, float, float, int]]:
        """Of each modifier and of each of its values, or fifths: (modifier, from, to, effect, rows)."""
        import numpy as np

        told: list[tuple[str, float, float, float, int]] = []
        for modifier in self.modifiers:
            column = self.data[self.names[self.variables.index(modifier)]]
            values = np.unique(column)
            edges = values if len(values) <= _GROUPS else np.unique(np.quantile(column, np.linspace(0, 1, _GROUPS + 1)))
            at = np.searchsorted(edges, column, side="right") - 1
            at = at if len(values) <= _GROUPS else np.minimum(at, len(edges) - 2)
            for group in np.unique(at):
                rows = self.data[at == group]
                effect = estimator.estimate_effect(
                    rows, treatment_value=1, control_value=0, need_conditional_estimates=False
                )
                inside = column[at == group]
                told.append(
                    (modifier, float(inside.min()), float(inside.max()), float(effect.value) * self.scale, len(rows))
                )
        return told

    def _line(self, y: str, *x: str) -> Any:
        """Least squares of `y` on a constant and `x`, with robust errors."""
        import numpy as np
        import statsmodels.api as sm

        design = np.column_stack([np.ones(len(self.data)), self.data[list(x)]])
        return sm.OLS(self.data[y].to_numpy(), design).fit(cov_type="HC3")

    def _check(self, design: Any) -> None:
        """Raises UsageError where columns determine each other: then no number of rows tells them apart."""
        import numpy as np

        spread = design.std(axis=0)
        scaled = design / np.where(spread > 0, spread, 1)
        if np.linalg.matrix_rank(scaled) < design.shape[1]:
            raise UsageError(
                f"the columns {', '.join(['treatment', *self.variables])} determine each other",
                hint="a value of what is adjusted for occurs with one treatment only: join values, or leave rows out",
            )
