<?php
function leave(): void
{
    exit('bye');
}

leave();
