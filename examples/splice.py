"""Each question gets other passages of one collection: those that were read once are not read again."""

from pathlib import Path
from tempfile import TemporaryDirectory

import omniloom as ol

ROOMS = {
    "weaving": "In the weaving room stand nine looms of red oak, built by Ida Holm in 1871. Each of them is four "
    "metres wide and needs two people. The oldest one has not been moved since the house was opened. Light comes from "
    "the north, through windows that are washed every Friday, for dust on the glass costs an hour of work in winter. ",
    "dyeing": "The dyeing room has three copper vats for indigo, madder and weld. The indigo vat is kept at fifty "
    "degrees day and night, and Nils Berg alone may open its lid, for the bath spoils in the air. What is dyed hangs "
    "two days under the roof, and is washed in the river below the mill before it is counted and sold. ",
    "store": "Forty bales of blue cotton and six of raw silk lie in the store. They are counted on the first Monday of "
    "each month by the clerk, who signs the list and hangs it on the inner side of the door. Mice are kept away by two "
    "cats, and damp by a stove that burns from October until the snow in the yard has gone. ",
}
QUESTIONS = {
    "Who may open the lid of the indigo vat?": ("store", "dyeing"),
    "How many looms are there?": ("dyeing", "weaving"),
}


def source(name: str) -> ol.Text:
    return ol.Text(ROOMS[name].encode(), name=f"{name}.txt")


read = {}
for splice in (False, "unmeasured"):
    with TemporaryDirectory() as home, ol.load(home=Path(home), splice=splice) as model:
        model.warm([source(name) for name in ROOMS])
        for question, names in QUESTIONS.items():
            response = model.generate([question, *map(source, names)], max_output_tokens=24)
            read[splice, question] = response.usage.input_tokens - response.usage.cached_tokens
            print(f"splice={splice}: {read[splice, question]} tokens were read: {response.text}")
total = {way: sum(tokens for (asked, _), tokens in read.items() if asked == way) for way in (False, "unmeasured")}
print("spliced, fewer are:", total["unmeasured"] < total[False])
