<?php
function off_leaf($a, $b) { return $a; }
function off_loop(): Closure { return function ($n) { for ($i = 0; $i < $n; $i++) off_leaf($i, 'x'); }; }
