"""What schemathesis cannot know of this API: ids of things that are there.

Most generated paths keep ids of nothing, so that 404s are tried too; the others get those of the
world that run.py has made.
"""

import json
import os
import random

import schemathesis

WORLD = json.loads(os.environ["KNOTOS_WORLD"])
CHANCE_OF_THE_REAL = 0.7
picks = random.Random(int(os.environ["KNOTOS_SEED"]))


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    if not path_parameters:
        return path_parameters
    for name in path_parameters:
        if name in WORLD and picks.random() < CHANCE_OF_THE_REAL:
            path_parameters[name] = picks.choice(WORLD[name])
    return path_parameters


@schemathesis.hook
def map_body(context, body):
    if isinstance(body, dict) and picks.random() < CHANCE_OF_THE_REAL:
        if isinstance(body.get("userId"), str):
            body["userId"] = picks.choice(WORLD["userId"])
        if isinstance(body.get("memberIds"), list):
            body["memberIds"] = list(WORLD["userId"])
    return body
