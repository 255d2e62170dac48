<?php
function afterwards(): void
{
    file_put_contents($_SERVER['MARKER'], 'done');
}

echo 'early';
fastcgi_finish_request();
afterwards();
