# SPDX-License-Identifier: MIT
# Turns records, one a line, into a C array of their bytes in the store (store-json.h): dictionary.py FROM TO
import json
import struct
import sys


def head(size, fix, limit, wide):
    """Of a text, an array or an object: `wide` are (largest size, type, format)."""
    if size <= limit:
        return bytes([fix | size])
    for most, kind, form in wide:
        if size <= most:
            return bytes([kind]) + struct.pack('>' + form, size)
    raise ValueError('too large')


def integer(number):
    if -32 <= number < 128:
        return struct.pack('>b', number)
    if number >= 0:
        for most, kind, form in ((0xff, 0xcc, 'B'), (0xffff, 0xcd, 'H'), (0xffffffff, 0xce, 'I'), (2**64 - 1, 0xcf, 'Q')):
            if number <= most:
                return bytes([kind]) + struct.pack('>' + form, number)
    for most, kind, form in ((2**7, 0xd0, 'b'), (2**15, 0xd1, 'h'), (2**31, 0xd2, 'i'), (2**63, 0xd3, 'q')):
        if -number <= most:
            return bytes([kind]) + struct.pack('>' + form, number)
    raise ValueError('too large')


def pack(value):
    if value is None:
        return b'\xc0'
    if isinstance(value, bool):
        return b'\xc3' if value else b'\xc2'
    if isinstance(value, int):
        return integer(value)
    if isinstance(value, float):
        return b'\xcb' + struct.pack('>d', value)
    if isinstance(value, str):
        data = value.encode()
        return head(len(data), 0xa0, 31, ((0xff, 0xd9, 'B'), (0xffff, 0xda, 'H'), (0xffffffff, 0xdb, 'I'))) + data
    if isinstance(value, list):
        return head(len(value), 0x90, 15, ((0xffff, 0xdc, 'H'), (0xffffffff, 0xdd, 'I'))) + b''.join(map(pack, value))
    return head(len(value), 0x80, 15, ((0xffff, 0xde, 'H'), (0xffffffff, 0xdf, 'I'))) + b''.join(
        pack(key) + pack(member) for key, member in value.items())


with open(sys.argv[1], encoding='utf-8') as lines, open(sys.argv[2], 'w', encoding='ascii') as out:
    packed = b''.join(pack(json.loads(line)) for line in lines)
    out.write('static const unsigned char store_dictionary[] = {%s};\n' % ','.join(str(byte) for byte in packed))
