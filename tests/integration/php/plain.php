<?php
function greet(string $who): string
{
    return "Hallo $who";
}

function counted(): Generator
{
    for ($i = 0; $i < 3; $i++) {
        yield greet("Nr. $i");
    }
}

header('Content-Type: text/plain');
foreach (counted() as $line) {
    echo $line, "\n";
}
try {
    throw new LogicException('gefangen', 7);
} catch (LogicException $e) {
    echo get_class($e), ' ', $e->getCode(), "\n";
}
echo @$undefined['x'], strlen(file_get_contents('php://input')), "\n";
