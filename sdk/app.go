package sdk

// An App is what windhover generates: a Pipeline. Install offers the app to a
// server, once for each protocol that it declares.
type App interface{ Install(s *Setup) }

// A Task is the state of one exchange of an app: generated, bound once to an
// exchange and reused with it. The server calls its methods in this order:
//
//	Route, then Head, then Body if Head asked for it, then End
//
// Route is called on the loop; Head, Body and Fail in the place that the plan
// says, and End there too, once Head has been called and functions may be left
// that it runs: those of Done (Plan.Done), and those of Finish when Head asked for
// a body and neither Body nor Fail was called. Otherwise End may be called on the
// loop. Route's plan may be ready-made (Plan.Ready), then only End follows. If a
// function panics, Recover follows when the task is a Recoverer, and then End.
// When Head asked for a body that cannot be had, and neither Body nor Fail is
// called, Outcome.Err says why.
//
// When the server finds a fault after Route, such as content over the limit,
// it calls Fail, if the plan has Errors, in the place of what is left: of Head
// and Body, or of Body, or of the ready-made response.
type Task interface {
	// Route chooses the route and remembers what its path says. It is pure,
	// runs no function of the app and may not fail: where nothing matches,
	// the plan is that of the answer 404 or 405.
	Route() *Plan
	// Head runs the phases up to the first body reader, or to the end. It
	// reports whether the content of the request is wanted; then Body follows.
	Head() (wantBody bool)
	// Body runs the rest. content is borrowed until it returns.
	Body(content []byte)
	// Fail answers err, with the app's function for errors of the route.
	Fail(err error)
	// End runs the Done phase and leaves the task ready for reuse. It is
	// called exactly once after Route.
	End(out Outcome)
}

// A Recoverer is a Task that answers the panics of its functions: one of an app
// that declares Recover or Finish.
type Recoverer interface {
	// Recover makes the response to a panic with that value, of Head or Body.
	// Before, the server has reported the panic, emptied the response, of which
	// nothing is sent, and set its status to 500. If Recover panics, the server
	// answers.
	Recover(value any)
}

// A Plan is what is known of a route at generate time. Plans are package
// variables of generated code, read-only.
type Plan struct {
	// Name is the route as it was declared, such as "GET /users/{id}", or
	// "404", "405" and "OPTIONS" for those answers.
	Name string
	// Place says where Head, Body and Fail run.
	Place Place
	// Body says what the functions do with the content of the request.
	Body BodyMode
	// MaxBody bounds the content of the request in octets; 0 means
	// Limits.RequestBody.
	MaxBody int64
	// Trailers says that a function takes RequestTrailers: the trailer section
	// is kept.
	Trailers bool
	// Streams says that a function takes ResponseStream or Upgrade. Such a
	// route, and one whose Body is BodyStreamed, may hold its goroutine for
	// long and so has its own pool.
	Streams bool
	// Done says that functions run behind the response, which therefore leaves
	// before them, and that its Duration is measured.
	Done bool
	// Errors says that a function of the app answers the errors of the route, or
	// runs before they are answered: Task.Fail answers what the server finds.
	// Without it the server answers that itself.
	Errors bool
	// Ready is 1 + the index of the response that answers the route without
	// running any function of the app, and 0 when there is none.
	Ready int
}

// Place says where the functions of a route run.
type Place uint8

const (
	// OffLoop: on a goroutine of the pool. They may block.
	OffLoop Place = iota
	// OnLoop: on the goroutine of the event loop. They may not block.
	OnLoop
)

// BodyMode says what the functions of a route do with the request's content.
type BodyMode uint8

const (
	// BodyUnread: nothing. It is read past, within the limit.
	BodyUnread BodyMode = iota
	// BodyCollected: it is collected while no function runs, and handed to
	// Task.Body.
	BodyCollected
	// BodyStreamed: a function reads it as it arrives.
	BodyStreamed
)

// A ReadyResponse is a response that is known at generate time. It is rendered
// once for each protocol when the server starts.
type ReadyResponse struct {
	// Status is the status code, 200 to 599.
	Status int
	// Fields are its field lines in order. Date and Content-Length are added.
	Fields []Field
	// Content is its content.
	Content string
	// Refusal says that it answers the requests that the server refuses with
	// its status, in the place of a line that names the reason. Plans do not
	// refer to it.
	Refusal bool
}

// A Field is one field line.
type Field struct{ Name, Value string }

// Generated2 is the version of the seam between generated code and this
// package. Generated code names it, so that a pipeline and an SDK that do not
// fit fail to compile at that line: run go generate again.
const Generated2 = 2
