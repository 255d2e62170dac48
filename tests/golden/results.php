<?php
// Results: of every type, by reference, discarded, void, never returning; none, where a yield or an exception took its place.

function gives(mixed $v): mixed
{
    return $v;
}

function typed(string $s): string
{
    return $s . '!';
}

function nothing(): void
{
    return;
}

function &slot(): array
{
    static $list = [1];
    return $list;
}

function nullable(bool $give): ?int
{
    return $give ? 5 : null;
}

foreach ([null, false, 0, -1, 2.5, '', 'text', [], ['k' => [1, 2]], new ArrayObject()] as $v) {
    $kept = gives($v);
}
typed('discarded');
gives('discarded');
nullable(true);
nullable(false);
$list = &slot();
$list[] = 2;
echo count(slot()), gettype(nothing()), typed('kept'), "\n";
