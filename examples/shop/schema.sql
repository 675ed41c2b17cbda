CREATE TABLE IF NOT EXISTS products (
	id    INTEGER PRIMARY KEY,
	name  TEXT NOT NULL UNIQUE,
	cents INTEGER NOT NULL CHECK (cents >= 0),
	stock INTEGER NOT NULL CHECK (stock >= 0)
) STRICT;

CREATE TABLE IF NOT EXISTS customers (
	id    INTEGER PRIMARY KEY,
	name  TEXT NOT NULL,
	token BLOB NOT NULL, -- SHA-256 of the secret
	admin INTEGER NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS cart (
	customer INTEGER NOT NULL REFERENCES customers,
	product  INTEGER NOT NULL REFERENCES products,
	quantity INTEGER NOT NULL CHECK (quantity > 0),
	PRIMARY KEY (customer, product)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS orders (
	id       INTEGER PRIMARY KEY,
	customer INTEGER NOT NULL REFERENCES customers,
	placed   DATETIME NOT NULL -- a type that the driver scans into a time.Time
);

CREATE TABLE IF NOT EXISTS order_lines (
	"order"  INTEGER NOT NULL REFERENCES orders,
	product  INTEGER NOT NULL REFERENCES products,
	quantity INTEGER NOT NULL,
	cents    INTEGER NOT NULL, -- of one, when it was ordered
	PRIMARY KEY ("order", product)
) STRICT, WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS orders_of ON orders (customer, id);

INSERT OR IGNORE INTO products VALUES
	(1, 'Field guide', 2450, 12),
	(2, 'Binoculars', 18900, 3),
	(3, 'Nest box', 3200, 0),
	(4, 'Notebook', 750, 40);
