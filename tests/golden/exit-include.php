<?php
// exit in an included file, in a function.

function loads(string $file): mixed
{
    return require __DIR__ . "/inc/$file.php";
}

echo json_encode(loads('value')), "\n";
loads('exits');
echo 'not reached';
