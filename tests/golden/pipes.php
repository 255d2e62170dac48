<?php
// The pipe operator with functions, methods, closures and internal functions; an exception in the middle of a pipe.
// since: 8.5

class Slug
{
    public static function dashes(string $s): string
    {
        return str_replace(' ', '-', $s);
    }

    public function cut(string $s): string
    {
        return substr($s, 0, 5);
    }
}

function lower(string $s): string
{
    return $s === '' ? throw new ValueError('empty') : strtolower($s);
}

echo ' Hello World ' |> trim(...) |> lower(...) |> Slug::dashes(...) |> (new Slug())->cut(...) |> (fn (string $s): string => "$s."), "\n";
try {
    echo '  ' |> trim(...) |> lower(...) |> Slug::dashes(...);
} catch (ValueError $e) {
    echo $e->getMessage(), "\n";
}
