// Asks for every route and shows what it gets.
const server = location.search.slice(1);
const answers = document.getElementById("answers");

// ask waits for the answer: the text of the page is taken when it has loaded.
function ask(method, target, content = null, fields = {}) {
	const request = new XMLHttpRequest();
	let got = [];
	try {
		request.open(method, server + target, false);
		for (const name in fields)
			request.setRequestHeader(name, fields[name]);
		request.send(content);
		got = [request.status, request.statusText];
		for (const name of ["Content-Type", "Content-Length", "Transfer-Encoding", "Allow", "WWW-Authenticate", "X-Request-Id", "X-Probe"])
			if (request.getResponseHeader(name) !== null)
				got.push(name + ": " + request.getResponseHeader(name));
		if (request.getResponseHeader("Date") === null)
			got.push("without a date");
		const text = request.responseText;
		got.push(text.length, JSON.stringify(text.slice(0, 30)));
	} catch (error) {
		got = [error.message];
	}
	answers.textContent += [method, target, ...got].join(" | ") + "\n";
}

ask("GET", "/plaintext");
ask("HEAD", "/plaintext");
ask("GET", "/json");
ask("GET", "/users/7", null, {"Authorization": "t", "X-Request-Id": "mine"});
ask("GET", "/users/7", null, {"X-Request-Id": "mine"});
ask("POST", "/echo", "over and out");
ask("POST", "/echo", "x".repeat(3000000));
ask("GET", "/nocontent");
ask("GET", "/notmodified");
ask("GET", "/large");
ask("GET", "/large?size=100000");
ask("HEAD", "/large");
ask("GET", "/large?size=x");
ask("GET", "/delay/10");
ask("GET", "/delay/x");
ask("GET", "/stream/3");
ask("GET", "/panic");
ask("OPTIONS", "/headers");
ask("DELETE", "/headers");
ask("PUT", "/echo", "content of a method that is not allowed");
ask("GET", "/nowhere");
ask("GET", "/plaintext");
