"""Python that a model wrote runs where it can do nothing but compute; what comes of it is told, never raised."""

from omniloom.core.errors import UnsupportedError
from omniloom.isolation.programs import PROGRAM_LIMITS
from omniloom.tools.python import python

PROGRAMS = {
    "a sum": "from fractions import Fraction\nsum(Fraction(1, n) for n in range(1, 7))",
    "a mistake": "prices = [3, 4]\nprices[2]",
    "a file": "open('/etc/passwd').read()",
    "a call out": "import urllib.request\nurllib.request.urlopen('http://example.com')",
    "no end": "print('counting')\nn = 0\nwhile True:\n    n += 1",
}

tool = python(limits=PROGRAM_LIMITS.model_copy(update={"cpu_seconds": 1}))
try:
    for name, code in PROGRAMS.items():
        outcome = tool.function(code=code)
        print(f"{name}: {outcome.value or outcome.error.splitlines()[-1]}")
except UnsupportedError as error:
    print(f"this system cannot keep programs from files and network: {error}")
