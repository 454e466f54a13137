package evidence

func terminal() string { return "CONOUT$" }
