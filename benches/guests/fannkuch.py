# Pure computation in CPython: the fannkuch benchmark of the given size.
import sys


def fannkuch(n):
    permutation = list(range(n))
    count = [0] * n
    flips_max = checksum = sign = 0
    r = n
    while True:
        while r != 1:
            count[r - 1] = r
            r -= 1
        flips, work = 0, permutation[:]
        while work[0]:
            k = work[0] + 1
            work[:k] = work[:k][::-1]
            flips += 1
        flips_max = max(flips_max, flips)
        checksum += -flips if sign else flips
        sign = 1 - sign
        while True:
            if r == n:
                return checksum, flips_max
            permutation.insert(r, permutation.pop(0))
            count[r] -= 1
            if count[r] > 0:
                break
            r += 1


print(*fannkuch(int(sys.argv[1])))
