# SPDX-License-Identifier: MIT
# Turns a file into a C array: embed.py NAME FROM TO
import sys

name, source, target = sys.argv[1:]
with open(source, 'rb') as data, open(target, 'w', encoding='ascii') as out:
    out.write('static const unsigned char %s[] = {%s};\n' % (name, ','.join(str(byte) for byte in data.read())))
