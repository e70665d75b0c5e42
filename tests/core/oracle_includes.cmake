# The oracle judges the product, so its model, commands and generator may include nothing of it.
file(GLOB sources ${FOLDER}/oracle_commands.hpp ${FOLDER}/oracle_model*.?pp ${FOLDER}/oracle_generator*.?pp
  ${FOLDER}/oracle_people*.?pp)
if(NOT sources)
  message(FATAL_ERROR "no oracle in ${FOLDER}")
endif()
foreach(source IN LISTS sources)
  file(STRINGS ${source} includes REGEX "#include \"")
  foreach(line IN LISTS includes)
    if(NOT line MATCHES "\"tests/core/oracle_(commands|model|generator|people).hpp\"")
      message(FATAL_ERROR "${source}: ${line}")
    endif()
  endforeach()
endforeach()
