"""Draws a picture, says how far it is, saves it, and prints an address for it that works without the key:

    ARMATURE_API_KEY=arm_... python3 examples/draw.py 'a red cube on a green floor' cube.png

Python 3.9 or later, and no package. A server without keys, on this machine, needs no key.
"""

import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request

SERVER = os.environ.get("ARMATURE_SERVER", "http://127.0.0.1:7860")
KEY = os.environ.get("ARMATURE_API_KEY")


def ask(path, body=None):
    """Asks the server; what it refuses ends the program with its own words."""
    request = urllib.request.Request(urllib.parse.urljoin(SERVER, path))
    if KEY is not None:
        request.add_header("Authorization", f"Bearer {KEY}")
    if body is not None:
        request.data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
    try:
        return urllib.request.urlopen(request)
    except urllib.error.HTTPError as refusal:
        sys.exit(json.load(refusal)["detail"])


def follow(path):
    """The events of a job, each its type and its data; the last has the whole job."""
    fields = {}
    for line in ask(path):
        name, _, value = line.decode().rstrip("\n").partition(":")
        if name:
            fields[name] = value.removeprefix(" ")
        elif not line.strip():
            if "data" in fields:
                yield fields.get("event", "message"), json.loads(fields["data"])
            fields = {}


def draw(prompt, file):
    job = json.load(ask("/v1/generations", {"prompt": prompt}))
    for event, data in follow(job["events_url"]):
        if event == "progress":
            print("progress", data, flush=True)
        else:
            job = data
    if not job.get("outputs"):
        sys.exit((job.get("error") or {}).get("detail", "The job was cancelled."))
    url = job["outputs"][0]["url"]
    with open(file, "wb") as out:
        out.write(ask(url).read())
    signed = json.load(ask("/v1/signed-urls", {"paths": [url], "expires_s": 600}))
    print(urllib.parse.urljoin(SERVER, signed["urls"][0]))


draw(*(sys.argv[1:] + ["a red cube", "out.png"][len(sys.argv) - 1 :])[:2])
