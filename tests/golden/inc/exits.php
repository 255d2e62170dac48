<?php
echo "leaving from an included file\n";
exit(4);
