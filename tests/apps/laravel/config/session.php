<?php

return ['driver' => 'array', 'path' => '/', 'domain' => null, 'secure' => false, 'same_site' => 'lax'];
