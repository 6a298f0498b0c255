"""Files can be read ahead: the first question about them then costs no more than the next one."""

from pathlib import Path
from tempfile import TemporaryDirectory

import omniloom as ol

FILES = [Path(__file__).with_name("data") / "results.csv"]

with TemporaryDirectory() as home:
    with ol.load(home=home) as model:
        ready = model.warm(FILES)  # on the command line: omniloom warm results.csv
        print(f"read ahead: {ready.input_tokens} tokens, {ready.cached_tokens} were ready before")

    with ol.load(home=home) as model:  # another process, another day
        asked = ["How many jobs failed in week 12?", *FILES]
        usage = model.generate(asked, strategy="direct", max_output_tokens=16).usage  # a query has a prompt of its own
        print(f"the question: {usage.input_tokens - usage.cached_tokens} of {usage.input_tokens} tokens computed")
        print(f"nothing of the file among them: {usage.cached_tokens == ready.input_tokens}")
        print(f"first words after {usage.first_token_seconds or 0.0:.2f} s")
