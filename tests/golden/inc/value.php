<?php
return ['from' => basename(__FILE__), 'sees' => $local ?? null];
