# Prints the text of a page as Chromium shows it, without the elements that its
# versions put around it. A page of the disk may ask any server. The browser's
# own log stays in the working directory. $TRUSTED_KEY is the hash of a key whose
# certificate is trusted, if there is one. It speaks HTTP/1.1 over TLS too, unless
# $SPEAKS is h2.
exec 2>>browser.log
[ "$SPEAKS" = h2 ] || old=--disable-http2
chromium --headless --no-sandbox --disable-gpu --disable-quic $old --no-first-run \
	--disable-background-networking --disable-component-update --disable-sync \
	--ignore-certificate-errors-spki-list="$TRUSTED_KEY" \
	--disable-web-security --user-data-dir="$(mktemp -d profile.XXXXXX)" \
	--dump-dom "$1" | sed 's/<[^>]*>//g'
