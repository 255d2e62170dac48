<?php
// First-class callables of functions, methods, static methods and internal functions.
// since: 8.1

class Text
{
    public function __construct(private string $suffix)
    {
    }

    public function end(string $s): string
    {
        return $s . $this->suffix;
    }

    public static function up(string $s): string
    {
        return strtoupper($s);
    }
}

function twice(string $s): string
{
    return $s . $s;
}

$twice = twice(...);
$end = (new Text('!'))->end(...);
$up = Text::up(...);
$length = strlen(...);
echo $twice('ab'), ' ', $end('c'), ' ', $up('d'), ' ', $length('four'), ' ', implode(',', array_map($twice, ['x', 'y'])), "\n";
