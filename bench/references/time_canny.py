"""Times cv2.Canny on one thread. Arguments: width, height, low, high, rounds; the RGB pixels come on standard input.
Prints one line of JSON: OpenCV's version, the best and median milliseconds, and the edges as hex of a SHA-256."""

import hashlib
import json
import sys
import time

import cv2
import numpy

width, height, low, high, rounds = map(int, sys.argv[1:])
image = numpy.frombuffer(sys.stdin.buffer.read(), numpy.uint8).reshape(height, width, 3)
cv2.setNumThreads(1)
times = []
for _ in range(rounds):
    start = time.perf_counter()
    edges = cv2.Canny(image, low, high)
    times.append((time.perf_counter() - start) * 1000)
times.sort()
print(
    json.dumps(
        {
            "version": cv2.__version__,
            "best": times[0],
            "median": times[len(times) // 2],
            "sha256": hashlib.sha256(edges.tobytes()).hexdigest(),
        }
    )
)
