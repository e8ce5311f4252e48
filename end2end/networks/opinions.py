# What ITU-T P.862 gives a recording in which a reference is heard again and again: `opinions.py REFERENCE RECORDING`, both raw 16-bit mono
# at 8 kHz. Prints one MOS-LQO (P.862.1) a line for each time that it is heard in full.
import sys

import numpy
from pesq import pesq

RATE = 8_000

reference, recording = (numpy.fromfile(path, dtype="<i2").astype(numpy.float64) for path in sys.argv[1:3])


def spectrum(samples, size):
    return numpy.fft.rfft(samples, size)


# Where the reference is heard: the peaks of its correlation with the recording, one in each length of it.
size = 1 << int(numpy.ceil(numpy.log2(len(recording) + len(reference))))
correlation = numpy.fft.irfft(spectrum(recording, size) * numpy.conj(spectrum(reference, size)), size)
correlation = correlation[: len(recording) - len(reference)]
first = int(numpy.argmax(correlation[: len(reference)]))
margin = RATE // 4
start = first
while start + len(reference) <= len(recording):
    near = correlation[max(0, start - margin) : start + margin]
    if len(near) == 0:
        break
    start = max(0, start - margin) + int(numpy.argmax(near))
    heard = recording[start : start + len(reference)]
    if len(heard) == len(reference):
        print(f"{pesq(RATE, reference.astype(numpy.int16), heard.astype(numpy.int16), 'nb'):.2f}")
    start += len(reference)
