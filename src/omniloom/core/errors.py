"""The error tree. Everything Omniloom raises on purpose is an `OmniloomError`.

OmniloomError
├── UsageError            the call itself is wrong (also a ValueError)
│   ├── SchemaError         a schema keyword the constraint engine cannot enforce; `.path` names it
│   └── UnsupportedError    a parameter or modality this version or engine does not take
├── InputError            a file cannot be used as given
│   ├── UnreadableError     empty, truncated, corrupt, or not of the kind it claims
│   ├── PasswordError       encrypted, and the password is missing or wrong
│   └── TooLargeError       over a limit on bytes, pixels, pages, seconds or ratio
├── LossError             something would have been lost, and `on_loss` is "error"; `.losses` lists it
├── WeightsError          weights missing, corrupt, of the wrong hash, or no room to store them
├── OfflineError          network use was needed and OMNILOOM_OFFLINE is set
├── EngineError           the engine failed or its process died
│   ├── ContextError        the request does not fit into the context
│   └── OutputError         what the model wrote does not fit the constraint after repair
├── IsolationError        a child process broke a limit or died
├── BudgetError           a hard cap on tokens, seconds or money would be exceeded
├── CancelledError        the caller cancelled
└── StorageError          the store cannot be read or written
"""

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from omniloom.core.values import Loss


class OmniloomError(Exception):
    """Root of the tree. `code` is stable, `hint` says what to do next, `retryable` if trying again may help."""

    code: ClassVar[str] = "error"
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class UsageError(OmniloomError, ValueError):
    code = "usage"


class SchemaError(UsageError):
    """`path` is a JSON Pointer to the keyword that cannot be enforced."""

    code = "schema_unsupported"

    def __init__(self, message: str, *, path: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.path = path


class UnsupportedError(UsageError):
    code = "unsupported"


class InputError(OmniloomError):
    code = "input"


class UnreadableError(InputError):
    code = "unreadable"


class PasswordError(InputError):
    code = "password"


class TooLargeError(InputError):
    code = "too_large"


class LossError(OmniloomError):
    code = "loss"

    def __init__(self, message: str, *, losses: "tuple[Loss, ...]" = (), hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.losses = losses


class WeightsError(OmniloomError):
    code = "weights"


class OfflineError(OmniloomError):
    code = "offline"


class EngineError(OmniloomError):
    code = "engine"
    retryable = True


class ContextError(EngineError):
    code = "context_overflow"
    retryable = False


class OutputError(EngineError):
    code = "output"


class IsolationError(OmniloomError):
    code = "isolation"


class BudgetError(OmniloomError):
    code = "budget"


class CancelledError(OmniloomError):
    code = "cancelled"


class StorageError(OmniloomError):
    code = "storage"
