<?php
return (include __DIR__ . '/value.php') + ['deeper' => included(10)];
