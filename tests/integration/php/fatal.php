<?php
function eat(): string
{
    return str_repeat('x', 1 << 30);
}

echo 'before';
eat();
