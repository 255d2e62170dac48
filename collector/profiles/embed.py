# SPDX-License-Identifier: MIT
# Turns a profile into a C array: embed.py FROM TO
import sys

with open(sys.argv[1], 'rb') as source, open(sys.argv[2], 'w', encoding='ascii') as target:
    target.write('static const unsigned char profile_builtin[] = {%s};\n'
                 % ','.join(str(byte) for byte in source.read()))
