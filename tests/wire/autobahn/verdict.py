"""Judges Autobahn's report: every case must be OK, but for what is listed here."""
import json
import sys

# Cases of sections 1 to 7, 9 and 10.
CASES_MIN = 300
# Without a verdict by Autobahn's own word.
INFORMATIONAL = {"7.1.6", "7.13.1", "7.13.2"}
# Text that is no UTF-8 must fail the connection; that it fails before the message is whole, RFC
# 6455 does not ask for (section 8.1), and Autobahn calls the later failure "non-strict".
NON_STRICT = {"6.4.1", "6.4.2", "6.4.3", "6.4.4"}


def is_good(case, result):
    behaviours = (result["behavior"], result["behaviorClose"])
    if behaviours == ("OK", "OK"):
        return True
    if case in INFORMATIONAL:
        return behaviours == ("INFORMATIONAL", "INFORMATIONAL")
    return case in NON_STRICT and behaviours == ("NON-STRICT", "OK")


def main(path):
    with open(path, encoding="utf-8") as file:
        (results,) = json.load(file).values()
    bad = {case: result for case, result in results.items() if not is_good(case, result)}
    for case, result in sorted(bad.items()):
        print(f"case {case}: {result['behavior']}, close {result['behaviorClose']}")
    strict = sum(result["behavior"] == "OK" for result in results.values())
    print(f"{len(results)} cases: {strict} OK, {len(bad)} bad")
    return 1 if bad or len(results) < CASES_MIN else 0


sys.exit(main(sys.argv[1]))
