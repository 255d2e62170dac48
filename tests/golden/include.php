<?php
// include, require, include_once, eval: at the top and in functions, their results, one that throws, one missing, one broken.

function includes(string $local): array
{
    return include __DIR__ . '/inc/nested.php';
}

function fails(string $file): string
{
    try {
        return json_encode(@include __DIR__ . "/inc/$file.php");
    } catch (LogicException | ParseError $e) {
        return get_class($e) . ':' . $e->getLine();
    }
}

require __DIR__ . '/inc/functions.php';
require_once __DIR__ . '/inc/functions.php';
echo json_encode(includes('here')), ' ', var_export(include_once __DIR__ . '/inc/functions.php', true), ' ';
echo fails('throws'), ' ', fails('missing'), ' ', fails('broken'), ' ';
echo eval('return included(41);'), ' ';
eval('function evaluated(int $n): int { return included($n) * 2; }');
echo evaluated(4), "\n";
